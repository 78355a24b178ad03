import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpClient, HttpClientError, type HttpClientOptions } from './http-client';

let server: Server;
let asked: { url: string; headers: IncomingMessage['headers']; body: string }[];
let answer: (response: ServerResponse, number: number) => void;

beforeEach(async () => {
  asked = [];
  answer = (response) => response.end('{"ok":true}');
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ url: request.url!, headers: request.headers, body });
      answer(response, asked.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const make = (options: Partial<HttpClientOptions> = {}) =>
  new HttpClient({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`,
    backoffMilliseconds: 1,
    ...options,
  });
const failure = async (work: Promise<unknown>): Promise<HttpClientError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HttpClientError);
  return error as HttpClientError;
};

test('sends JSON with headers and query below the base, and reads JSON', async () => {
  const headers = { 'x-api-key': 'k' };
  expect(await make().json('/x', { method: 'POST', query: { q: 'a b' }, headers, json: { n: 1 } })).toEqual({
    ok: true,
  });
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ url: '/v1/x?q=a+b', body: '{"n":1}' });
  expect(asked[0]!.headers).toMatchObject({ 'x-api-key': 'k', 'content-type': 'application/json' });
});

test.each([429, 500, 503])('HTTP %d is tried again, three times in all', async (status) => {
  answer = (response) => response.writeHead(status).end();
  expect(await failure(make().request('/x'))).toMatchObject({ failure: 'status', status });
  expect(asked).toHaveLength(3);
});

test.each([400, 401, 404])('HTTP %d is final', async (status) => {
  answer = (response) => response.writeHead(status).end();
  expect(await failure(make().request('/x'))).toMatchObject({ failure: 'status', status });
  expect(asked).toHaveLength(1);
});

test('succeeds when a later try does, and waits as long as it is told to', async () => {
  answer = (response, number) =>
    number < 3 ? response.writeHead(429, { 'retry-after': '0' }).end() : response.end('{}');
  expect(await make().json('/x')).toEqual({});
  expect(asked).toHaveLength(3);
});

test('a connection that breaks off is tried again', async () => {
  answer = (response, number) => (number === 1 ? response.destroy() : response.end('{}'));
  expect(await make().json('/x')).toEqual({});
});

test('says when nothing came in time, what was too large, what is not JSON and what leads elsewhere', async () => {
  answer = () => undefined;
  expect(await failure(make({ timeoutMilliseconds: 30, tries: 1 }).request('/x'))).toMatchObject({
    failure: 'timeout',
  });
  answer = (response) => response.end('x'.repeat(101));
  expect(await failure(make({ maxBytes: 100 }).request('/x'))).toMatchObject({ failure: 'too_large' });
  expect((await make({ maxBytes: 101 }).request('/x')).bytes).toHaveLength(101);
  expect(await failure(make().json('/x'))).toMatchObject({ failure: 'format' });
  answer = (response) => response.writeHead(302, { location: '/elsewhere' }).end();
  expect(await failure(make({ tries: 1 }).request('/x'))).toMatchObject({ failure: 'network' });
  expect(asked.some(({ url }) => url.includes('elsewhere'))).toBe(false);
});

test('no error holds a header, a query, a body or what was answered', async () => {
  answer = (response) => response.writeHead(400).end('the key hunter2 is wrong');
  const { port } = server.address() as AddressInfo;
  const client = make({ baseUrl: `http://127.0.0.1:${port}` });
  const error = await failure(
    client.request('/x?key=hunter2', {
      method: 'POST',
      query: { key: 'hunter2' },
      headers: { k: 'hunter2' },
      json: 'hunter2',
    }),
  );
  expect(error.message).toBe(`POST http://127.0.0.1:${port}/x was answered with HTTP 400`);
  expect(JSON.stringify({ ...error, stack: error.stack, cause: error.cause })).not.toContain('hunter2');
});

test('an aborted call ends with the reason of its signal, between tries, too', async () => {
  const reason = new Error('time is up');
  answer = () => undefined;
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  await expect(make().request('/x', { signal: controller.signal })).rejects.toBe(reason);
  answer = (response) => response.writeHead(503, { 'retry-after': '60' }).end();
  const second = new AbortController();
  setTimeout(() => second.abort(reason), 50);
  await expect(make().request('/x', { signal: second.signal })).rejects.toBe(reason);
});
