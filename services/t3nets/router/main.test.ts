/** The router as its container runs it: a process of its own, bundled, before an AWS that answers slowly. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleForTest } from '../../common/test-support/bundled-service';
import { startFakeAws, type FakeAws } from '../../common/test-support/fake-aws';

const here = dirname(fileURLToPath(import.meta.url));
let folder: string;
let aws: FakeAws;
let router: ChildProcess | undefined;
let output: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'router-'));
  await bundleForTest(here, folder);
  cpSync(join(here, 'agent/skills'), join(folder, 'agent/skills'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  output = '';
  aws = await startFakeAws();
});
afterEach(async () => {
  if (router?.exitCode === null && router.signalCode === null) router.kill('SIGKILL');
  await aws.close();
});

function start(variables: Record<string, string | undefined> = {}): ChildProcess {
  router = spawn(process.execPath, [join(folder, 'server.js')], {
    env: {
      PATH: process.env.PATH,
      NODE_NO_WARNINGS: '1',
      AWS_ACCESS_KEY_ID: '111111111111',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL: aws.settings.endpoint,
      T3NETS_ENV: 'aws',
      AWS_REGION: 'us-east-1',
      BEDROCK_MODEL_ID: 'claude',
      DYNAMODB_CONVERSATIONS_TABLE: 'conversations',
      DYNAMODB_TENANTS_TABLE: 'tenants',
      SECRETS_PREFIX: '/t3nets/dev/tenants',
      PORT: '0',
      ...variables,
    },
  });
  for (const stream of [router.stdout!, router.stderr!])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return router;
}

async function address(): Promise<string> {
  for (;;) {
    const port = /"port":(\d+)/.exec(output)?.[1];
    if (port) return `http://localhost:${port}`;
    if (router?.exitCode !== null) throw new Error(`the router ended: ${output}`);
    await delay(10);
  }
}

test('answers by its own name, with the version of its bundle', async () => {
  start();
  const url = await address();
  const health = await fetch(`${url}/health`);
  expect(health.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await health.text()).toBe('{"status":"ok"}');
  expect(aws.calls).toEqual([]);
  expect(await (await fetch(`${url}/api/health`)).json()).toMatchObject({ status: 'ok', version: '9.9.9', env: 'aws' });
}, 20_000);

test('on SIGTERM: no new work, the running request is answered, exit 0', async () => {
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  aws.answer = async () => {
    await held;
    return { body: {} };
  };
  const child = start();
  const url = await address();
  const running = fetch(`${url}/api/conversations/s`);
  while (aws.calls.length === 0) await delay(5);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  while (!output.includes('"draining"')) await delay(5);
  await expect(fetch(`${url}/health`, { headers: { connection: 'close' } })).rejects.toThrow();
  release();
  const answer = await running;
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ error: { code: 'not_found' } });
  expect(await exited).toEqual([0, null]);
  expect(output).toContain('"abandoned":0');
}, 20_000);

test('without its variables it says which, and exits 1', async () => {
  const child = start({ SECRETS_PREFIX: undefined, AWS_REGION: 'here' });
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(output).toMatch(/router environment: 2 problems.*AWS_REGION.*SECRETS_PREFIX/);
}, 20_000);
