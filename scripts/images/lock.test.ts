import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execaSync } from 'execa';
import { lockPath, type ServiceLock } from '../../environments/lock';
import { formatLock, previousLock, readLock, updateLock, writeLock, type LockRequest } from './lock';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sluice-lock-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const request = (target: 'local' | 'aws' = 'local'): LockRequest => ({
  target,
  system: 't3nets',
  environment: 'dev',
  home: join(folder, 'home'),
  root: folder,
  services: ['router'],
});
const entry = (letter: string, builtAt = '2026-01-31T12:00:00.000Z'): ServiceLock => ({
  digest: `sha256:${letter.repeat(64)}`,
  contentHash: letter.repeat(64),
  commit: 'unknown',
  builtAt,
});
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const history = () => readdirSync(join(folder, 'home/locks/t3nets/history')).sort();

test('there is no lock at first; a written one comes back, with sorted keys and a line end', async () => {
  expect(await readLock(request())).toBeUndefined();
  const lock = { system: 't3nets', environment: 'dev' as const, services: { router: entry('a') } };
  expect(await writeLock(request(), lock)).toEqual({ path: lockPath(request()), changed: true });
  expect(await readLock(request())).toEqual(lock);
  expect(readdirSync(dirname(lockPath(request())))).toEqual(['dev.images.json']);
  const many = { ...lock, services: { b: entry('b'), a: entry('a') } };
  expect(formatLock(many)).toMatch(/^\{\n {2}"system": "t3nets",\n[^]*"a": \{[^]*"b": \{[^]*\n\}\n$/);
});

test('the same bytes built again change nothing, not even commit and time', async () => {
  await updateLock(request(), { router: entry('a') });
  const before = readFileSync(lockPath(request()), 'utf8');
  const again = await updateLock(request(), { router: entry('a', '2027-01-01T00:00:00.000Z') });
  expect(again.changed).toBe(false);
  expect(readFileSync(lockPath(request()), 'utf8')).toBe(before);
});

test('a lock that does not fit the system is never written', async () => {
  const lock = { system: 't3nets', environment: 'dev' as const, services: { api: entry('a') } };
  await expect(writeLock(request(), lock)).rejects.toMatchObject({ name: 'UsageError', exitCode: 64 });
  expect(await readLock(request())).toBeUndefined();
});

test('a damaged lock is a usage error with a remedy, and nothing overwrites it', async () => {
  mkdirSync(dirname(lockPath(request())), { recursive: true });
  writeFileSync(lockPath(request()), '{"system":');
  await expect(updateLock(request(), { router: entry('a') })).rejects.toMatchObject({
    name: 'UsageError',
    message: `${lockPath(request())}: 1 problem\n- the file is truncated: its JSON breaks off after 10 characters`,
    remedy: expect.stringContaining('./sluice images push t3nets dev'),
  });
  expect(readFileSync(lockPath(request()), 'utf8')).toBe('{"system":');
});

test('a rehearsal goes back to the newest kept lock with other bytes', async () => {
  await expect(previousLock(request())).rejects.toMatchObject({ name: 'UserError' });
  for (const letter of ['a', 'b', 'c']) await updateLock(request(), { router: entry(letter) });
  expect(history()).toEqual(['dev-1.json', 'dev-2.json']);
  const { lock, origin } = await previousLock(request());
  expect(lock.services['router']?.digest).toBe(digest('b'));
  expect(origin).toBe(join(folder, 'home/locks/t3nets/history/dev-2.json'));
  await writeLock(request(), lock);
  expect((await previousLock(request())).lock.services['router']?.digest).toBe(digest('c'));
});

test('the history does not grow for ever, and a damaged entry is passed over', async () => {
  for (let n = 0; n < 25; n++)
    await updateLock(request(), { router: entry('ab'[n % 2] ?? 'a', `2026-01-01T00:00:${10 + n}.000Z`) });
  expect(history()).toHaveLength(20);
  writeFileSync(join(folder, 'home/locks/t3nets/history/dev-24.json'), 'x');
  expect((await previousLock(request())).lock.services['router']?.digest).toBe(digest('b'));
});

test('on AWS the locks before are those of git', async () => {
  const git = (...args: string[]) =>
    execaSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder });
  await expect(previousLock(request('aws'))).rejects.toMatchObject({ message: expect.stringContaining('git failed') });
  git('init', '-q');
  for (const letter of ['a', 'b']) {
    await updateLock(request('aws'), { router: entry(letter) });
    git('add', '-A');
    git('commit', '-qm', letter);
  }
  expect((await previousLock(request('aws'))).lock.services['router']?.digest).toBe(digest('a'));
  await updateLock(request('aws'), { router: entry('c') });
  const { lock, origin } = await previousLock(request('aws'));
  expect(lock.services['router']?.digest).toBe(digest('b'));
  expect(origin).toMatch(/^environments\/t3nets\/dev\.images\.json at commit [0-9a-f]{12}$/);
});
