import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capabilities, keptPassword, setpriv } from './postgres';

describe('the password', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-postgres-password-'));
  const file = join(folder, 'postgres.password');
  beforeEach(() => rmSync(file, { force: true }));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is made once and only its owner can read it', () => {
    const password = keptPassword(file, false);
    expect(password).toMatch(/^[\w-]{32}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(keptPassword(file, true)).toBe(password);
    expect(readFileSync(file, 'utf8')).toBe(`${password}\n`);
  });

  test('is not made anew for data that has another', () => {
    expect(() => keptPassword(file, true)).toThrow(`The password of the local Postgres is gone: ${file}.`);
  });
});

test('root gives up everything, then everything but one capability', () => {
  expect(capabilities.map((capability) => setpriv(65534, 65533, capability).join(' '))).toEqual([
    'setpriv --reuid=65534 --regid=65533 --clear-groups',
    'setpriv --reuid=65534 --regid=65533 --clear-groups --securebits=+no_setuid_fixup --inh-caps=+dac_read_search --ambient-caps=+dac_read_search',
    'setpriv --reuid=65534 --regid=65533 --clear-groups --securebits=+no_setuid_fixup --inh-caps=+dac_override --ambient-caps=+dac_override',
  ]);
});
