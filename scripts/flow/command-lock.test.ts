import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withCommandLock } from './command-lock';

let home: string;
const before = process.env['SLUICE_HOME'];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
  process.env['SLUICE_HOME'] = home;
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
  if (before === undefined) delete process.env['SLUICE_HOME'];
  else process.env['SLUICE_HOME'] = before;
});

test('the second command is told who is at work and since when; another stack is free', async () => {
  await withCommandLock('t3nets-dev', 'up', async () => {
    await expect(withCommandLock('t3nets-dev', 'deploy', async () => 1)).rejects.toThrow(
      /^t3nets-dev is being changed by "up" of \S+ \(pid \d+\) since \d{4}-\d\d-\d\dT/,
    );
    await expect(withCommandLock('t3nets-staging', 'up', async () => 2)).resolves.toBe(2);
  });
  await expect(withCommandLock('t3nets-dev', 'deploy', async () => 3)).resolves.toBe(3);
});

test('a failing command gives the lock back', async () => {
  await expect(withCommandLock('x', 'up', () => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
  await expect(withCommandLock('x', 'up', async () => 1)).resolves.toBe(1);
});

test('the lock of a killed command is taken over at once', async () => {
  const file = join(home, 'commands', 'x.json');
  mkdirSync(`${file}.lock`, { recursive: true });
  // Process ids end far below this one.
  writeFileSync(file, JSON.stringify({ command: 'up', pid: 2 ** 30, started: 1, user: 'u', since: 's' }));
  await expect(withCommandLock('x', 'deploy', async () => 1)).resolves.toBe(1);
});
