import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretUnavailableError, type SecretValue } from '../../common/secret-value';
import { PNG } from '../common/test-support/world';
import { GoogleImages } from './google-images';

let server: Server;
let asked: { url: string; key: unknown; body: Record<string, unknown> }[];
let answer: () => { status?: number; body?: unknown };
let keys: string[];
let forgotten: number;

beforeEach(async () => {
  asked = [];
  keys = ['first-key'];
  forgotten = 0;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ url: request.url!, key: request.headers['x-goog-api-key'], body: JSON.parse(body) as never });
      const { status = 200, body: told = {} } = answer();
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(told));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const key = {
  get: async () => keys[Math.min(forgotten, keys.length - 1)]!,
  forget: () => void (forgotten += 1),
} as unknown as SecretValue;
const make = (modelId: string, own = key) =>
  new GoogleImages({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    modelId,
    key: own,
    backoffMilliseconds: 1,
  });
const request = { prompt: 'a crab', size: '1280x896', signal: new AbortController().signal } as const;
const predicted = (data: Buffer) => ({
  body: { predictions: [{ mimeType: 'image/png', bytesBase64Encoded: data.toString('base64') }] },
});

test('Imagen models predict; the key is in the header alone', async () => {
  answer = () => predicted(PNG);
  expect(await make('imagen-4.0-generate-001').generate(request)).toEqual(PNG);
  expect(asked).toEqual([
    {
      url: '/v1beta/models/imagen-4.0-generate-001:predict',
      key: 'first-key',
      body: { instances: [{ prompt: 'a crab' }], parameters: { sampleCount: 1, aspectRatio: '4:3' } },
    },
  ]);
});

test('Gemini models generate content, with words beside the picture', async () => {
  const parts = [{ text: 'Here' }, { inlineData: { mimeType: 'image/png', data: PNG.toString('base64') } }];
  answer = () => ({ body: { candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }] } });
  expect(await make('gemini-2.5-flash-image').generate(request)).toEqual(PNG);
  expect(asked[0]).toMatchObject({
    url: '/v1beta/models/gemini-2.5-flash-image:generateContent',
    body: { generationConfig: { imageConfig: { aspectRatio: '4:3' } } },
  });
});

test.each([
  ['imagen-4', {}],
  ['imagen-4', { predictions: [{ raiFilteredReason: 'no' }] }],
  ['gemini-x', { promptFeedback: { blockReason: 'SAFETY' } }],
  ['gemini-x', { candidates: [{ finishReason: 'IMAGE_SAFETY' }] }],
])('%s without a picture says so: %j', async (model, body) => {
  answer = () => ({ body });
  await expect(make(model).generate(request)).rejects.toMatchObject({
    code: 'image_provider_error',
    message: expect.stringContaining('content rules'),
  });
});

test.each([
  ['not a PNG', { body: { predictions: [{ bytesBase64Encoded: 'aGVsbG8=' }] } }, 'image_provider_error', 1],
  ['another form', { body: { predictions: 7 } }, 'image_provider_error', 1],
  ['throttling', { status: 429 }, 'throttled', 3],
  ['a fault', { status: 503 }, 'image_provider_error', 3],
  ['a refusal', { status: 403, body: { error: { message: 'first-key is bad' } } }, 'image_provider_error', 1],
])('%s', async (_what, told, code, tries) => {
  answer = () => told;
  const failed = make('imagen-4').generate(request);
  await expect(failed).rejects.toMatchObject({ code });
  const error = (await failed.catch((reason: unknown) => reason)) as Error;
  expect(`${error.message} ${(error.cause as Error | undefined)?.message}`).not.toContain('first-key');
  expect(asked).toHaveLength(tries);
});

test('a refused key is read again; with another one the request is repeated', async () => {
  keys = ['first-key', 'second-key'];
  answer = () => (asked.at(-1)!.key === 'second-key' ? predicted(PNG) : { status: 400 });
  const google = make('imagen-4');
  expect(await google.generate(request)).toEqual(PNG);
  expect(asked.map((one) => one.key)).toEqual(['first-key', 'second-key']);
});

test('without a key nothing is asked', async () => {
  const none = { get: () => Promise.reject(new SecretUnavailableError('no')) } as unknown as SecretValue;
  await expect(make('imagen-4', none).generate(request)).rejects.toMatchObject({ code: 'image_provider_error' });
  expect(asked).toEqual([]);
});
