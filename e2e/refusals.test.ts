/** Bad input: a clear error with the remedy, exit code 64, and nothing written. No local cloud is started for any of it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openSandbox } from './support/sandbox';

const sandbox = openSandbox('refusals');
const lock = join(sandbox.home, 'locks/t3nets/dev.images.json');

afterAll(() => sandbox.end());

const digest = `sha256:${'a'.repeat(64)}`;
const entry = { digest, contentHash: 'b'.repeat(64), commit: 'unknown', builtAt: '2026-01-01T00:00:00.000Z' };

test.each([
  [['plan', 't4nets', 'dev'], /"t4nets" is unknown; there is: t3nets/],
  [['plan', 't3nets', 'production'], /"production" is unknown; there is: dev, staging, prod/],
  [['plan', 'nothing', 'nowhere'], /2 problems[\s\S]*"nothing"[\s\S]*"nowhere"/],
  [['plan', 't3nets', 'dev', '--fast'], /unknown option '--fast'/],
  [['fly'], /unknown command 'fly'/],
  [['plan', 't3nets', 'dev', '--target', 'moon'], /local, aws/],
  [['plan', 't3nets', 'dev', '--target', 'aws'], /aws\.dev is unset; allowed: 12 digits/],
  [['scale', 't3nets', 'dev', '-3'], /unknown option|count is/],
  [['deploy', 't3nets', 'dev', '--images-ready', 'maybe'], /allowed: true, false/],
])('%j is refused', async (args, message) => {
  const run = await sandbox.sluice(args, { quiet: true });
  expect(run.stderr).toMatch(message);
  expect(run.exitCode).toBe(64);
  expect(run.stderr).not.toMatch(/\n\s+at /);
  expect(existsSync(join(sandbox.home, 'local'))).toBe(false);
});

test.each([
  ['truncated', `{ "system": "t3nets", "services": {`, /truncated/],
  [
    'of another environment',
    { system: 't3nets', environment: 'prod', services: { router: entry } },
    /environment "dev"/,
  ],
  [
    'with an unknown service',
    { system: 't3nets', environment: 'dev', services: { rooter: entry } },
    /rooter is unknown/,
  ],
  [
    'with a tag for a digest',
    { system: 't3nets', environment: 'dev', services: { router: { ...entry, digest: 'latest' } } },
    /sha256/,
  ],
])('a lock that is %s stops synthesis with its path', async (_what, content, message) => {
  mkdirSync(join(lock, '..'), { recursive: true });
  writeFileSync(lock, typeof content === 'string' ? content : JSON.stringify(content));
  const run = await sandbox.sluice(['images', 'status', 't3nets', 'dev'], { quiet: true });
  expect(run.exitCode).toBe(64);
  expect(run.stderr).toMatch(message);
  expect(run.stderr).toContain('dev.images.json');
  expect(existsSync(join(sandbox.home, 'local/daemon.pid'))).toBe(false);
});

test('a port in use is named, with the way out', async () => {
  const server = createServer((socket) => socket.resume().on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(sandbox.port, '127.0.0.1', resolve));
  try {
    const run = await sandbox.sluice(['images', 'status', 't3nets', 'staging'], { quiet: true });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(String(sandbox.port));
    expect(run.stderr).toContain('SLUICE_PORT');
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('help is there for every command, and goes to stdout with exit code 0', async () => {
  const all = await sandbox.ok(['--help']);
  const names = [...all.stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name!);
  expect(names).toEqual(
    expect.arrayContaining(['up', 'plan', 'deploy', 'destroy', 'images', 'rollback', 'doctor', 'down']),
  );
  for (const name of names.filter((name) => name !== 'help')) {
    expect((await sandbox.ok([name, '--help'])).stdout).toContain('Usage: sluice');
  }
});
