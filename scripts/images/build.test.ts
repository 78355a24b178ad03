import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '../console/reporter';
import { buildImage, buildImages, type BuildRequest } from './build';
import { blobPath, readImageConfig, readManifest } from './layout';
import { fakeEngine, type FakeEngine } from './testing/fake-engine';

const BASE = 'registry.example/node@sha256:' + 'd'.repeat(64);
let root: string;
let engine: FakeEngine;

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-build-')));
  engine = await fakeEngine(join(root, 'engine'));
  engine.store(BASE, 'base-id');
  for (const name of ['x', 'y']) {
    const source = join(root, 'services', name);
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'service.json'), '{"entry":"main.ts"}');
    writeFileSync(join(source, 'main.ts'), `console.log('${name}');`);
    writeFileSync(join(source, 'Dockerfile'), `ARG BASE_IMAGE=${BASE}\nFROM \${BASE_IMAGE}\nCOPY dist/ /app/\n`);
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const request = (service = 'x'): BuildRequest => ({
  system: 's',
  service,
  source: join(root, 'services', service),
  root,
  version: '1.0.0',
  containers: engine,
  folder: join(root, 'cache'),
});
const builds = () => engine.calls().filter((line) => line.startsWith('build '));
const cached = () => readdirSync(join(root, 'cache')).filter((name) => /^[0-9a-f]{64}$/.test(name));

test('builds once, then finds the image by its content', async () => {
  const first = await buildImage(silentReporter, request());
  expect(first).toMatchObject({
    reused: false,
    service: 'x',
    commit: 'unknown',
    base: { origin: 'public', reference: BASE },
  });
  expect(first.digest).toBe((await readManifest(first.layout)).digest);
  expect(JSON.parse(readFileSync(join(first.layout, 'image.json'), 'utf8'))).toMatchObject({ digest: first.digest });
  expect(builds()[0]).toContain(`--isolation chroot --format docker --timestamp 0`);
  expect(builds()[0]).toContain(`--build-arg BASE_IMAGE=${BASE} --tag localhost/sluice/build:`);

  const { reused: _reused, ...rest } = first;
  expect(await buildImage(silentReporter, request())).toEqual({ ...rest, reused: true });
  expect(builds()).toHaveLength(1);
  expect(readdirSync(join(root, 'cache/work'))).toEqual([]);
});

test('what a build machine adds to the configuration does not reach the image; the health check does', async () => {
  const { layout } = await buildImage(silentReporter, request());
  expect(await readImageConfig(layout)).toEqual({
    architecture: 'amd64',
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: { Env: ['A=b'], Cmd: ['node'], Healthcheck: { Test: ['CMD', 'true'], Interval: 30e9 } },
    rootfs: { type: 'layers', diff_ids: [expect.stringMatching(/^sha256:/)] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'COPY' }],
  });
});

test('a cache made anew has the same digest; other build arguments are another image', async () => {
  const first = await buildImage(silentReporter, request());
  rmSync(join(root, 'cache'), { recursive: true });
  expect((await buildImage(silentReporter, request())).digest).toBe(first.digest);
  const other = await buildImage(silentReporter, { ...request(), buildArgs: { RELEASE: '2' } });
  expect(other.contentHash).not.toBe(first.contentHash);
  expect(builds().at(-1)).toContain('--build-arg RELEASE=2 --build-arg BASE_IMAGE=');
});

test('an image that lost bytes in the cache is built again', async () => {
  const { layout, digest } = await buildImage(silentReporter, request());
  const { manifest } = await readManifest(layout);
  truncateSync(blobPath(layout, manifest.config.digest), 3);
  expect(await buildImage(silentReporter, request())).toMatchObject({ reused: false, digest });
});

test('two builds of the same content at once: one builds, both have it', async () => {
  const results = await Promise.all([buildImage(silentReporter, request()), buildImage(silentReporter, request())]);
  expect(results.map(({ reused }) => reused).sort()).toEqual([false, true]);
  expect(builds()).toHaveLength(1);
});

test('several services side by side, in the order asked for', async () => {
  const built = await buildImages(silentReporter, [request('y'), request('x')]);
  expect(built.map(({ service }) => service)).toEqual(['y', 'x']);
  expect(cached()).toHaveLength(2);
});

test('a failed build shows what the engine said, leaves nothing, and can be run again', async () => {
  engine.fail('build', 'STEP 3: COPY nothing\nError: nothing not found\n');
  await expect(buildImages(silentReporter, [request('x')])).rejects.toMatchObject({
    name: 'UserError',
    message: 'podman build --isolation ended with 125:\nSTEP 3: COPY nothing\nError: nothing not found',
  });
  expect(cached()).toEqual([]);
  expect(readdirSync(join(root, 'cache/work'))).toEqual([]);
  rmSync(join(root, 'engine/fail-build'));
  expect((await buildImage(silentReporter, request())).reused).toBe(false);
});

test('what a killed build left in the work folder is removed', async () => {
  mkdirSync(join(root, 'cache/work/999999999-dead'), { recursive: true });
  await buildImage(silentReporter, request());
  expect(readdirSync(join(root, 'cache/work'))).toEqual([]);
});
