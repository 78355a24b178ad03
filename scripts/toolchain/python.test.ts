import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environments } from './python';

const here = dirname(fileURLToPath(import.meta.url));

describe.each(Object.entries(environments))('%s', (name, { requirement, version }) => {
  const text = readFileSync(join(here, 'python', `${name}.txt`), 'utf8');
  const packages = text.split(/\n(?=\S)/).filter((entry) => !entry.startsWith('#'));

  test('every package has an exact version and a hash', () => {
    expect(packages.length).toBeGreaterThan(name === 'postgres' ? 0 : 20);
    for (const entry of packages)
      expect(entry).toMatch(/^[a-zA-Z0-9._-]+(\[.*\])?==\S+ .*\\\n\s+--hash=sha256:[0-9a-f]{64}/);
  });

  test('the version is the one the program names', () => {
    expect(text).toMatch(new RegExp(`^${requirement}(\\[server\\])?==${version.replaceAll('.', '\\.')} `, 'm'));
  });
});
