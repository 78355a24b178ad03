import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { execa } from 'execa';
import { writeTar, type TarEntry } from './tar';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sluice-tar-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function entries(): TarEntry[] {
  const from = join(folder, 'program');
  writeFileSync(from, 'x'.repeat(700));
  return [
    { path: 'bin', kind: 'folder', mode: 0o755 },
    { path: 'bin/program', kind: 'copy', mode: 0o755, from, size: 700 },
    { path: 'bin/link', kind: 'link', to: 'program' },
    { path: 'home', kind: 'folder', mode: 0o755, owner: 1000 },
    { path: 'note', kind: 'file', mode: 0o644, content: 'grün\n' },
  ];
}

async function archive(list: readonly TarEntry[]): Promise<Buffer> {
  const out = new PassThrough();
  const [bytes] = await Promise.all([buffer(out), writeTar(list, out)]);
  return bytes;
}

test('tar reads what was written, with fixed owners and times', async () => {
  const { stdout } = await execa('tar', ['--utc', '--numeric-owner', '-tvf', '-'], { input: await archive(entries()) });
  expect(stdout.replace(/ +/g, ' ').split('\n')).toEqual([
    'drwxr-xr-x 0/0 0 1970-01-01 00:00 bin/',
    '-rwxr-xr-x 0/0 700 1970-01-01 00:00 bin/program',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/link -> program',
    'drwxr-xr-x 1000/1000 0 1970-01-01 00:00 home/',
    '-rw-r--r-- 0/0 6 1970-01-01 00:00 note',
  ]);
});

test('the same entries give the same bytes, whatever the times of the files', async () => {
  const first = await archive(entries());
  const again = entries();
  utimesSync(join(folder, 'program'), 5, 5);
  expect((await archive(again)).equals(first)).toBe(true);
});

test('a file that changed size, and a path that does not fit, are errors', async () => {
  const [, program] = entries();
  const copy = { ...(program as Extract<TarEntry, { kind: 'copy' }>), size: 10 };
  await expect(archive([copy])).rejects.toThrow('changed while it was read: 700 bytes instead of 10');
  await expect(archive([{ path: 'x'.repeat(101), kind: 'file', mode: 0o644, content: '' }])).rejects.toThrow(
    'path too long',
  );
});
