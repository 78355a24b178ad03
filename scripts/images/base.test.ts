import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { silentReporter } from '../console/reporter';
import { ensureBase, peekBaseIdentity, publicBaseOf, registryHost } from './base';
import { parseLdd } from './local-base';
import { fakeEngine, type FakeEngine } from './testing/fake-engine';

/** A name that never resolves, so that nothing here depends on a network. */
const PUBLIC = 'registry.invalid/library/node:20-slim';
let root: string;
let engine: FakeEngine;

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-base-')));
  engine = await fakeEngine(join(root, 'engine'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const dockerfile = { path: 'Dockerfile', text: `ARG BASE_IMAGE=${PUBLIC}\nFROM \${BASE_IMAGE}\n` };
const request = () => ({ folder: join(root, 'cache'), engine, dockerfile });

test.each([
  ['ARG BASE_IMAGE=node:20-slim\nFROM ${BASE_IMAGE}', 'node:20-slim'],
  ['# c\narg BASE_IMAGE="a/b@sha256:1"\nFROM --platform=linux/amd64 $BASE_IMAGE AS x', 'a/b@sha256:1'],
])('the public base in %j', (text, reference) => {
  expect(publicBaseOf({ path: 'Dockerfile', text })).toBe(reference);
});

test.each(['FROM node:20', 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}', 'ARG BASE_IMAGE=x\nFROM node'])(
  'no base in %j',
  (text) => {
    expect(() => publicBaseOf({ path: '/x/Dockerfile', text })).toThrow(
      '/x/Dockerfile does not take its base as a build argument.',
    );
  },
);

test.each([
  ['node:20', 'registry-1.docker.io'],
  ['docker.io/library/node', 'registry-1.docker.io'],
  ['library/node', 'registry-1.docker.io'],
  ['public.ecr.aws/docker/library/node:20', 'public.ecr.aws'],
  ['localhost:5000/node', 'localhost:5000'],
])('%s comes from %s', (reference, host) => expect(registryHost(reference)).toBe(host));

test('a base that is in the store is used without a network, under its id', async () => {
  engine.store(PUBLIC, 'sha256:abc');
  expect(await ensureBase(silentReporter, request())).toEqual({
    origin: 'public',
    reference: PUBLIC,
    identity: 'sha256:abc',
  });
  expect(await peekBaseIdentity(request())).toBe('sha256:abc');
  expect(engine.calls().filter((line) => line.startsWith('pull'))).toEqual([]);
});

test('a given base is pulled when it is missing; a pinned one is known by its digest', async () => {
  const pinned = `registry.invalid/node@sha256:${'e'.repeat(64)}`;
  const given = { ...request(), base: pinned };
  expect(await peekBaseIdentity(given)).toBe(`sha256:${'e'.repeat(64)}`);
  expect(await ensureBase(silentReporter, given)).toMatchObject({
    origin: 'given',
    identity: `sha256:${'e'.repeat(64)}`,
  });
  expect(engine.calls()).toContain(`pull --platform linux/amd64 ${pinned}`);
});

test('where no registry answers the base is made here, stays made here, and is the same each time', async () => {
  const said: string[] = [];
  const reporter = { ...silentReporter, info: (line: string) => void said.push(line) };
  expect(await peekBaseIdentity(request())).toBeUndefined();
  const base = await ensureBase(reporter, request());
  expect(base).toMatchObject({ origin: 'local', identity: expect.stringMatching(/^local:[0-9a-f]{64}$/) });
  expect(said).toEqual([
    expect.stringMatching(/cannot be pulled \(registry\.invalid does not answer: .+\); the images of this rehearsal/),
  ]);
  expect(await peekBaseIdentity(request())).toBe(base.identity);
  const archive = join(root, 'cache/base', `${base.identity.replace('local:', '')}.tar`);
  const first = await config(archive);
  expect(first).toMatchObject({ created: '1970-01-01T00:00:00Z', config: { Labels: { 'sluice.base': 'local' } } });

  rmSync(join(root, 'cache'), { recursive: true });
  expect(await ensureBase(reporter, request())).toEqual(base);
  expect(await config(archive)).toEqual(first);
});

/** As it is on a machine that has tried this registry before. */
function remembered(reference: string) {
  mkdirSync(join(root, 'cache/base'), { recursive: true });
  const choices = { [reference]: { until: Date.now() + 60_000, why: 'no answer' } };
  writeFileSync(join(root, 'cache/base/choices.json'), JSON.stringify(choices));
  return {
    ...request(),
    dockerfile: { path: 'Dockerfile', text: `ARG BASE_IMAGE=${reference}\nFROM \${BASE_IMAGE}\n` },
  };
}

test('a function stands on a base with a stand-in for its runtime, which no other image has', async () => {
  const asked = remembered('public.ecr.aws/lambda/nodejs:22');
  const base = await ensureBase(silentReporter, asked);
  expect(base).toMatchObject({ origin: 'local', reference: expect.stringContaining('sluice/base:lambda-') });
  expect(await peekBaseIdentity(asked)).toBe(base.identity);
  const archive = join(root, 'cache/base', `${base.identity.replace('local:', '')}.tar`);
  expect(await config(archive)).toMatchObject({
    config: {
      Entrypoint: ['/usr/local/bin/node', '/var/runtime/sluice-lambda.mjs'],
      Env: expect.arrayContaining(['LAMBDA_TASK_ROOT=/var/task']),
      WorkingDir: '/var/task',
      Labels: { 'sluice.base': 'local' },
    },
  });
  expect(await files(archive)).toContain('var/runtime/sluice-lambda.mjs');

  const plain = await ensureBase(silentReporter, remembered('public.ecr.aws/docker/library/node:22-slim'));
  expect(plain.identity).not.toBe(base.identity);
  const other = join(root, 'cache/base', `${plain.identity.replace('local:', '')}.tar`);
  expect((await files(other)).filter((path) => /runtime|var\/task/.test(path))).toEqual([]);
  expect(await config(other)).toMatchObject({ config: { Cmd: ['node'], WorkingDir: '/' } });
});

test('a function of another language has no stand-in', async () => {
  await expect(ensureBase(silentReporter, remembered('public.ecr.aws/lambda/python:3.13'))).rejects.toMatchObject({
    name: 'UserError',
    message: 'public.ecr.aws/lambda/python:3.13 cannot be pulled, and no base of this machine stands in for it.',
    remedy: expect.stringContaining('SLUICE_BASE_IMAGE='),
  });
});

test('images for AWS never stand on the local base', async () => {
  await expect(ensureBase(silentReporter, { ...request(), allowLocal: false })).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(
      /^The base image registry\.invalid\/library\/node:20-slim cannot be pulled: registry\.invalid does not answer/,
    ),
    remedy: expect.stringContaining('SLUICE_BASE_IMAGE='),
  });
});

test('ldd lists libraries and says which one is missing', () => {
  const text = [
    '\tlinux-vdso.so.1 (0x00007f8c0d8f3000)',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f8c0d33e000)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f8c0d8f5000)',
  ].join('\n');
  expect(parseLdd(text, 'node')).toEqual(['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2']);
  expect(parseLdd('\tnot a dynamic executable', 'node')).toEqual([]);
  expect(() => parseLdd('\tlibx.so.1 => not found', 'node')).toThrow(
    'node needs libx.so.1, which this machine does not have.',
  );
});

async function config(archive: string): Promise<unknown> {
  const { stdout } = await execa('tar', ['-xOf', archive, 'manifest.json']);
  const [entry] = JSON.parse(stdout) as [{ Config: string }];
  return JSON.parse((await execa('tar', ['-xOf', archive, entry.Config])).stdout);
}

/** Paths in the base's one layer. */
async function files(archive: string): Promise<string[]> {
  const { stdout } = await execa('tar', ['-xOf', archive, 'manifest.json']);
  const [entry] = JSON.parse(stdout) as [{ Layers: string[] }];
  const layer = entry.Layers[0] ?? '';
  await execa('tar', ['-xf', archive, '-C', root, layer]);
  return (await execa('tar', ['-tf', join(root, layer)])).stdout.split('\n');
}
