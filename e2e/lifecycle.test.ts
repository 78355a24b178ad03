/**
 * Bad luck and long life: environments side by side, commands at once, kills at any moment, restarts, and a destroy that
 * leaves nothing. All with T3nets, as the system that exercises most of the way; each test begins where the last one ended.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { inventory } from '../scripts/local/client';
import { ask } from './support/http';
import { openSandbox } from './support/sandbox';

const sandbox = openSandbox('lifecycle');
Object.assign(process.env, { SLUICE_HOME: sandbox.home, SLUICE_PORT: String(sandbox.port) });

let empty: string[];

afterAll(() => sandbox.end());

const up = (environment: string) => sandbox.ok(['up', 't3nets', environment, '--json']);
const changes = async (environment: string): Promise<number> => {
  const run = await sandbox.sluice(['plan', 't3nets', environment, '--json'], { quiet: true });
  return run.json<{ changes: number }>().changes;
};

/** Starts `up` and stops it with a signal once its progress has reached a line. */
async function interruptedUp(reached: RegExp, signal: 'SIGKILL' | 'SIGINT', delayMs = 0): Promise<number> {
  const child = execa(join(sandbox.root, 'sluice'), ['up', 't3nets', 'dev'], {
    cwd: sandbox.root,
    env: sandbox.env,
    reject: false,
    stdin: 'ignore',
  });
  let seen = '';
  const waiting = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      seen += chunk.toString('utf8');
      process.stderr.write(chunk);
      if (reached.test(seen)) resolve();
    });
    void child.then(() => resolve());
  });
  await waiting;
  await sleep(delayMs);
  child.kill(signal);
  const { exitCode } = await child;
  expect(seen).toMatch(reached);
  return exitCode ?? 137;
}

test('bootstrap makes the state back end once', async () => {
  const first = (await sandbox.ok(['bootstrap', 'dev', '--json'])).json<{ changes: number; bucket: string }>();
  expect(first).toMatchObject({ bucket: 'sluice-state-111111111111-us-east-1' });
  expect(first.changes).toBeGreaterThan(0);
  expect((await sandbox.ok(['bootstrap', 'dev', '--json'])).json<{ changes: number }>().changes).toBe(0);
  empty = await inventory('dev');
  expect(empty.length).toBeGreaterThan(0);
});

test('dev, staging and prod come up side by side, each in its own account', async () => {
  const [dev, staging, prod] = (await Promise.all([up('dev'), up('staging'), up('prod')])).map((run) =>
    run.json<{ account: string; outputs: Record<string, string> }>(),
  );
  expect([dev!.account, staging!.account, prod!.account]).toEqual(['111111111111', '222222222222', '333333333333']);
  for (const environment of ['dev', 'staging', 'prod']) expect(await changes(environment)).toBe(0);
  expect(dev!.outputs['api_endpoint']).not.toBe(staging!.outputs['api_endpoint']);
  // Staging asks a key of everybody; dev answers from the emulator's own model.
  const question = { json: { message: 'hello' } };
  expect((await ask(`${staging!.outputs['api_endpoint']}/api/chat`, question)).status).toBe(401);
  const answer = await ask(`${dev!.outputs['api_endpoint']}/api/chat`, question);
  expect(answer.status).toBe(200);
  expect(String(answer.body['response'])).toMatch(/mock/);
});

test('docs/fidelity.md says what was really applied', async () => {
  const run = await execa(process.execPath, ['--import', 'tsx', 'scripts/local/write-fidelity.ts', '--check'], {
    cwd: sandbox.root,
    env: sandbox.env,
    reject: false,
  });
  expect(run.stderr).toBe('');
  expect(run.exitCode).toBe(0);
});

test('a protected environment refuses destroy', async () => {
  const refused = await sandbox.sluice(['destroy', 't3nets', 'prod', '--yes']);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/t3nets-prod is protected: destroy is refused\. Nothing was changed\./);
  expect(await changes('prod')).toBe(0);
});

test('of two commands at once one wins, and the other says who is at work and since when', async () => {
  const runs = await Promise.all([
    sandbox.sluice(['deploy', 't3nets', 'dev']),
    sandbox.sluice(['deploy', 't3nets', 'dev']),
  ]);
  const [winner, loser] = runs.sort((a, b) => a.exitCode - b.exitCode);
  expect(winner!.exitCode).toBe(0);
  expect(loser!.exitCode).toBe(1);
  expect(loser!.stderr).toMatch(/is being changed by "deploy" of \S+ \(pid \d+\) since \d{4}-/);
});

test('scale to nothing and back', async () => {
  await sandbox.ok(['scale', 't3nets', 'dev', '0']);
  await sandbox.ok(['scale', 't3nets', 'dev', '1']);
  expect(await changes('dev')).toBe(0);
});

test('after down, up finds everything as it was', async () => {
  await sandbox.ok(['down']);
  const again = (await up('dev')).json<{ changes: number; outputs: Record<string, string> }>();
  expect(again.changes).toBe(0);
  expect((await ask(`${again.outputs['api_endpoint']}/api/health`)).status).toBe(200);
});

test('after a kill of the whole local cloud, up finds everything as it was', async () => {
  await sleep(5_000);
  const pid = Number(readFileSync(join(sandbox.home, 'local/daemon.pid'), 'utf8').match(/\d+/)![0]);
  process.kill(pid, 'SIGKILL');
  const again = (await up('dev')).json<{ changes: number; outputs: Record<string, string> }>();
  expect(again.changes).toBe(0);
  expect((await ask(`${again.outputs['api_endpoint']}/api/health`)).status).toBe(200);
});

test('destroy of dev leaves nothing behind, and staging as it is', async () => {
  await sandbox.ok(['destroy', 't3nets', 'dev', '--yes']);
  expect(await inventory('dev')).toEqual(empty);
  await up('staging');
  expect(await changes('staging')).toBe(0);
});

test('killed while phase 1 is applied: the next up completes, and nothing is orphaned', async () => {
  await interruptedUp(/phase 1 of 2[\s\S]*plan t3nets-dev/, 'SIGKILL', 1_500);
  await up('dev');
  expect(await changes('dev')).toBe(0);
  await sandbox.ok(['destroy', 't3nets', 'dev', '--yes']);
  expect(await inventory('dev')).toEqual(empty);
});

test('the engine killed too, and then a Ctrl-C in phase 2: the next up completes, and nothing is orphaned', async () => {
  await interruptedUp(/phase 1 of 2[\s\S]*plan t3nets-dev/, 'SIGKILL', 4_000);
  const { pid } = JSON.parse(readFileSync(join(sandbox.home, 'runs/t3nets-dev/engine.json'), 'utf8')) as {
    pid: number;
  };
  process.kill(pid, 'SIGKILL');
  expect(await interruptedUp(/phase 2 of 2[\s\S]*plan t3nets-dev/, 'SIGINT', 3_000)).not.toBe(0);
  await up('dev');
  expect(await changes('dev')).toBe(0);
  await sandbox.ok(['destroy', 't3nets', 'dev', '--yes']);
  expect(await inventory('dev')).toEqual(empty);
});
