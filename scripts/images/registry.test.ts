import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { RegistryClient } from './registry';
import { digestOf, RegistryServer } from './testing/registry-server';

const bytes = randomBytes(3_000_000);
const blob = { digest: digestOf(bytes), size: bytes.length };
const open = async () => Readable.from(chunksOf(bytes));
let server: RegistryServer;
let client: RegistryClient;

function* chunksOf(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += 65_536) yield data.subarray(at, at + 65_536);
}

beforeEach(async () => {
  server = new RegistryServer();
  client = new RegistryClient({ endpoint: `http://${await server.start()}`, pauseMs: 5 });
  server.create('app');
});

afterEach(async () => {
  await client.close();
  await server.stop();
});

const stored = () => server.repositories.get('app')?.blobs.get(blob.digest);
const puts = () => server.requests.filter((line) => line.startsWith('PUT')).length;

test('sends a blob, sees it and reads it back', async () => {
  const seen: number[] = [];
  expect(await client.hasBlob('app', blob.digest)).toBe(false);
  await client.putBlob('app', blob, open, (sent) => seen.push(sent));
  expect(await client.hasBlob('app', blob.digest)).toBe(true);
  expect(stored()?.equals(bytes)).toBe(true);
  expect(seen.at(-1)).toBe(bytes.length);
  expect(server.requests[2]).toMatch(/^PUT \/v2\/app\/blobs\/uploads\/1\?state=x&digest=sha256%3A/);
  const back: Buffer[] = [];
  for await (const chunk of await client.getBlob('app', blob)) back.push(chunk as Buffer);
  expect(Buffer.concat(back).equals(bytes)).toBe(true);
});

test('starts a blob again when the connection drops in the middle', async () => {
  server.faults.push({ on: /^PUT .*uploads/, times: 2, how: 'drop' });
  await client.putBlob('app', blob, open);
  expect(stored()?.equals(bytes)).toBe(true);
  expect(puts()).toBe(3);
});

test('tries again after 5xx, 429 and a digest the registry found damaged', async () => {
  server.faults.push({ on: /^POST/, times: 1, how: { status: 503 } });
  server.faults.push({ on: /^PUT/, times: 1, how: { status: 429 } });
  server.faults.push({
    on: /^PUT/,
    times: 1,
    how: { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID","message":"damaged"}]}' },
  });
  await client.putBlob('app', blob, open);
  expect(stored()?.equals(bytes)).toBe(true);
});

test('does not try again what cannot become right', async () => {
  await expect(client.putBlob('other', blob, open)).rejects.toMatchObject({
    name: 'RegistryError',
    status: 404,
    code: 'NAME_UNKNOWN',
    message: `POST ${client.endpoint}/v2/other/blobs/uploads/: 404 NAME_UNKNOWN: no repository other`,
  });
  expect(server.requests).toHaveLength(1);
});

test('a damaged source is found before the registry takes it, and is not sent twice', async () => {
  const wrong = Buffer.from(bytes);
  wrong[5] = (wrong[5] ?? 0) ^ 1;
  await expect(client.putBlob('app', blob, async () => Readable.from(chunksOf(wrong)))).rejects.toMatchObject({
    name: 'DigestError',
    message: `what was read to be sent is ${digestOf(wrong)} (3000000 bytes); expected ${blob.digest} (3000000 bytes)`,
  });
  expect(stored()).toBeUndefined();
  expect(puts()).toBeLessThanOrEqual(1);
});

test('a registry that says it stored something else is not believed', async () => {
  server.faults.push({ on: /^PUT/, times: 1, how: 'wrong-digest' });
  await expect(client.putBlob('app', blob, open)).rejects.toMatchObject({ name: 'DigestError' });
});

test('bytes that come back wrong fail at the end of the stream', async () => {
  await client.putBlob('app', blob, open);
  server.faults.push({ on: /^GET .*blobs/, times: 1, how: 'wrong-bytes' });
  const read = async () => {
    for await (const chunk of await client.getBlob('app', blob)) void chunk;
  };
  await expect(read()).rejects.toMatchObject({ name: 'DigestError' });
});

test('manifests by tag and digest', async () => {
  const manifest = Buffer.from('{"schemaVersion":2}');
  const digest = digestOf(manifest);
  expect(await client.findManifest('app', 'v1')).toBeUndefined();
  await client.putManifest('app', 'v1', {
    bytes: manifest,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest,
  });
  expect(await client.findManifest('app', 'v1')).toBe(digest);
  expect(await client.getManifest('app', digest)).toEqual({
    bytes: manifest,
    digest,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
  });
});

test('a token that ran out is renewed once', async () => {
  server.authorization = 'Basic new';
  const asked: boolean[] = [];
  const withToken = new RegistryClient({
    endpoint: client.endpoint,
    pauseMs: 5,
    authorize: async (renew) => {
      asked.push(renew);
      return renew ? 'Basic new' : 'Basic old';
    },
  });
  expect(await withToken.hasBlob('app', blob.digest)).toBe(false);
  expect(asked).toEqual([false, true]);
  await withToken.close();
});

test('a registry that is not there is a clear error', async () => {
  await server.stop();
  await expect(client.hasBlob('app', blob.digest)).rejects.toMatchObject({
    name: 'UserError',
    message: `The registry ${client.endpoint} does not answer (ECONNREFUSED).`,
  });
});
