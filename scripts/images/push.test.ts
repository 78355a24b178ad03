import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../../environments/schema';
import { silentReporter } from '../console/reporter';
import type { BuiltImage } from './build';
import { blobPath, importArchive, readManifest } from './layout';
import { updateLock, type LockRequest } from './lock';
import { copyImage, pushImage, tagOf } from './push';
import { RegistryClient } from './registry';
import { closeRepository, isInRegistry, openRepository, type Repository } from './repository';
import { imagesStatus } from './status';
import { imageArchive } from './testing/fake-engine';
import { digestOf, RegistryServer } from './testing/registry-server';

let root: string;
let server: RegistryServer;
let host: string;
const opened: Repository[] = [];

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-push-')));
  server = new RegistryServer();
  host = await server.start();
});
afterEach(async () => {
  for (const repository of opened.splice(0)) await closeRepository(repository);
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

async function image(labels: Record<string, string> = {}, letter = 'c'): Promise<BuiltImage> {
  const layout = join(root, letter.repeat(64));
  writeFileSync(join(root, 'image.tar'), await imageArchive(labels));
  const digest = await importArchive(join(root, 'image.tar'), layout, join(root, 'cache'));
  return {
    system: 't3nets',
    service: 'router',
    contentHash: letter.repeat(64),
    digest,
    layout,
    version: '1',
    base: { origin: 'given', reference: 'x', identity: 'x' },
    commit: 'unknown',
    builtAt: '2026-01-31T12:00:00.000Z',
    bytes: 1,
    reused: false,
  };
}

function open(name: string, target: Target = 'local', account = '111111111111'): Repository {
  const repository = openRepository({
    target: 'local',
    system: 't3nets',
    environment: 'dev',
    account,
    region: 'us-east-1',
    name,
    registry: host,
    clients: {
      region: 'us-east-1',
      endpoint: `http://${host}`,
      credentials: { accessKeyId: account, secretAccessKey: 'x' },
      maxAttempts: 1,
    },
  });
  const client = new RegistryClient({ endpoint: `http://${host}`, pauseMs: 5 });
  opened.push(repository, { ...repository, client });
  return { ...repository, target, client };
}

const writes = () => server.requests.filter((line) => /^(PUT|POST) \/v2/.test(line)).length;

test('pushes blobs, then the manifest under the tag of its content; the second time nothing', async () => {
  const built = await image();
  server.create('app');
  const first = await pushImage(silentReporter, built, open('app'));
  expect(first).toMatchObject({ digest: built.digest, tag: 'c'.repeat(16), skipped: false });
  expect(first.uploadedBytes).toBeGreaterThan(500);
  const stored = server.repositories.get('app');
  const { bytes, manifest } = await readManifest(built.layout);
  expect(stored?.manifests.get(built.digest)?.bytes.equals(bytes)).toBe(true);
  expect([...(stored?.blobs.keys() ?? [])].sort()).toEqual(
    [manifest.config, ...manifest.layers].map(({ digest }) => digest).sort(),
  );
  expect(await isInRegistry(open('app'), built.digest)).toBe(true);

  const before = writes();
  expect(await pushImage(silentReporter, built, open('app'))).toMatchObject({
    digest: built.digest,
    uploadedBytes: 0,
    skipped: true,
  });
  expect(writes()).toBe(before);
});

test('latest follows the last push where tags may move, and is never written where they may not', async () => {
  const [first, second] = [await image({ n: '1' }, 'c'), await image({ n: '2' }, 'd')];
  const stored = server.create('app', 'MUTABLE');
  await pushImage(silentReporter, first, open('app'));
  expect(stored.tags.get('latest')).toBe(first.digest);
  await pushImage(silentReporter, second, open('app'));
  expect(stored.tags.get('latest')).toBe(second.digest);

  const before = writes();
  await pushImage(silentReporter, second, open('app'));
  expect(writes()).toBe(before);
  await pushImage(silentReporter, first, open('app'));
  expect(stored.tags.get('latest')).toBe(first.digest);
  expect(stored.tags.get(tagOf(second.contentHash))).toBe(second.digest);

  const fixed = server.create('fixed');
  await pushImage(silentReporter, first, open('fixed'));
  expect([...fixed.tags.keys()]).toEqual([tagOf(first.contentHash)]);
});

test('survives dropped connections and 5xx on the way', async () => {
  const built = await image();
  server.create('app');
  server.faults.push({ on: /^PUT .*uploads/, times: 2, how: 'drop' });
  server.faults.push({ on: /^PUT .*manifests/, times: 1, how: { status: 500 } });
  await pushImage(silentReporter, built, open('app'));
  expect(await isInRegistry(open('app'), built.digest)).toBe(true);
});

test('without the repository it says that phase 1 comes first', async () => {
  await expect(pushImage(silentReporter, await image(), open('app'))).rejects.toMatchObject({
    name: 'UserError',
    message: 'The repository app does not exist in account 111111111111, us-east-1.',
    remedy: 'Phase 1 creates it: ./sluice deploy t3nets dev',
  });
});

test('an image on the local base does not go to AWS', async () => {
  const built = await image({ 'sluice.base': 'local' });
  server.create('app');
  await expect(pushImage(silentReporter, built, open('app', 'aws'))).rejects.toMatchObject({
    name: 'UserError',
    message: "The image of t3nets/router stands on a local base (this machine's own Node.js); it does not go to AWS.",
    remedy: expect.stringContaining('SLUICE_BASE_IMAGE='),
  });
  expect(server.requests).toEqual([]);
  expect(await pushImage(silentReporter, built, open('app'))).toMatchObject({ skipped: false });
});

test('the same content built elsewhere with other bytes is kept as it is', async () => {
  const built = await image();
  const other = Buffer.from('{"other":true}');
  const stored = server.create('app');
  stored.manifests.set(digestOf(other), { bytes: other, type: 'x' });
  stored.tags.set(tagOf(built.contentHash), digestOf(other));
  expect(await pushImage(silentReporter, built, open('app'))).toMatchObject({ digest: digestOf(other), skipped: true });
});

test('a damaged file in the cache is named and never becomes an image', async () => {
  const built = await image();
  const { manifest } = await readManifest(built.layout);
  const layer = manifest.layers[0];
  writeFileSync(blobPath(built.layout, layer?.digest ?? ''), Buffer.alloc(layer?.size ?? 0));
  server.create('app');
  await expect(pushImage(silentReporter, built, open('app'))).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(/^The image of router in the cache is damaged: what was read to be sent is sha256:/),
    remedy: `Delete ${built.layout} and ${join(root, 'layers')}, then run the command again.`,
  });
  expect(server.repositories.get('app')?.manifests.size).toBe(0);
});

test('promotion copies the same bytes, and says when there is nothing to copy', async () => {
  const built = await image();
  server.create('dev');
  server.create('staging');
  const staging = open('staging', 'local', '222222222222');
  await expect(copyImage(silentReporter, open('dev'), staging, built)).rejects.toMatchObject({
    message: `dev in account 111111111111 does not have ${built.digest}.`,
  });
  await pushImage(silentReporter, built, open('dev'));
  expect(await copyImage(silentReporter, open('dev'), staging, built)).toMatchObject({
    digest: built.digest,
    skipped: false,
  });
  expect(server.repositories.get('staging')?.tags.get(tagOf(built.contentHash))).toBe(built.digest);
  expect(server.repositories.get('staging')?.blobs).toEqual(server.repositories.get('dev')?.blobs);
  expect(await copyImage(silentReporter, open('dev'), staging, built)).toMatchObject({ skipped: true });
});

test('status: the gate is open when the lock names images that the registry has', async () => {
  const lock: LockRequest = {
    target: 'local',
    system: 't3nets',
    environment: 'dev',
    home: root,
    root,
    services: ['router'],
  };
  const repositories = { router: open('app') };
  const none = { digest: null, contentHash: null, commit: null, builtAt: null, inRegistry: false, stale: null };
  const path = join(root, 'locks/t3nets/dev.images.json');
  expect(await imagesStatus({ lock, repositories })).toEqual({ lock: path, services: { router: none }, ready: false });

  const built = await image();
  const { digest, contentHash, commit, builtAt } = built;
  await updateLock(lock, { router: { digest, contentHash, commit, builtAt } });
  expect(await imagesStatus({ lock, repositories })).toMatchObject({
    services: { router: { digest, inRegistry: false } },
    ready: false,
  });
  expect(await imagesStatus({ lock })).toMatchObject({ services: { router: { inRegistry: null } }, ready: false });
  server.create('app');
  await pushImage(silentReporter, built, open('app'));
  expect(await imagesStatus({ lock, repositories })).toEqual({
    lock: path,
    services: { router: { digest, contentHash, commit, builtAt, inRegistry: true, stale: null } },
    ready: true,
  });
});
