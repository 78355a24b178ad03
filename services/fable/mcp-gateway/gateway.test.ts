import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger } from '../../common/logger';
import { FableError } from '../common/errors';
import { Kickoff } from '../common/functions';
import { memoryTools } from '../common/memory-tools';
import { createHandler, type UrlEvent } from './gateway';
import { createTools, type ToolsOptions } from './tools';

const registry = Object.fromEntries(
  Object.entries(memoryTools).map(([name, tool]) => [name, { ...tool, functionArn: `arn:${name}` }]),
) as unknown as ToolsOptions['registry'];
const logger = createLogger({ service: 'test', version: 'test', level: 'silent' });
const lambda = { awsRequestId: 'request' };
const claims = { 'x-fable-user-id': 'me', 'x-fable-org-id': 'ours' };
const buildId = '01900000-0000-7000-8000-000000000000';

function start(answer: (payload: { action: string }) => unknown = () => ({ ok: true, result: {} }), publicTools = '*') {
  const calls: { name: string; payload: unknown }[] = [];
  const invoker = {
    call: async (name: string, payload: unknown) => {
      calls.push({ name, payload });
      return answer(payload as { action: string });
    },
  };
  const kickoff = new Kickoff(invoker, 'kickoff');
  const handler = createHandler({
    logger,
    version: '1',
    tools: createTools({ registry, kickoff, invoker, publicTools }),
  });
  const ask = async (method: string, rawPath: string, body?: string, headers: Record<string, string> = claims) => {
    const event = { rawPath, headers, requestContext: { http: { method } }, body };
    const { statusCode, body: text, ...rest } = await handler(event, lambda);
    return { status: statusCode, body: text === '' ? undefined : JSON.parse(text), headers: rest.headers };
  };
  const post = (message: unknown, headers?: Record<string, string>) =>
    ask('POST', '/', typeof message === 'string' ? message : JSON.stringify(message), headers);
  const rpc = (method: string, params?: object, headers?: Record<string, string>) =>
    post({ jsonrpc: '2.0', id: 1, method, ...(params && { params }) }, headers);
  return { handler, calls, ask, post, rpc };
}

describe('the official client', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  /** As a Function URL does: the request becomes an event, the answer a response. */
  async function serve(handler: ReturnType<typeof createHandler>): Promise<URL> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const event: UrlEvent = {
          rawPath: request.url!,
          headers: flat(request.headers),
          requestContext: { http: { method: request.method! }, requestId: 'r' },
          body: Buffer.concat(chunks).toString('base64'),
          isBase64Encoded: true,
        };
        void handler(event, lambda).then(({ statusCode, headers, body }) =>
          response.writeHead(statusCode, headers).end(body),
        );
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }
  const flat = (headers: IncomingHttpHeaders) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

  async function connect(handler: ReturnType<typeof createHandler>, headers: Record<string, string> = claims) {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(await serve(handler), { requestInit: { headers } }));
    return client;
  }

  test('connects, lists and calls tools, and closes', async () => {
    const { handler, calls } = start(() => ({ ok: true, result: { id: 'x' } }));
    const client = await connect(handler);
    expect(client.getServerVersion()).toEqual({ name: 'fable', version: '1' });
    expect(await client.ping()).toEqual({});
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'build_start',
      'build_status',
      'build_list',
      'memory_store',
      'memory_search',
      'memory_relate',
    ]);
    const answer = await client.callTool({ name: 'memory_store', arguments: { content: 'tea' } });
    expect(answer).toMatchObject({ isError: false, structuredContent: { id: 'x' }, content: [{ text: '{"id":"x"}' }] });
    expect(calls).toEqual([
      {
        name: 'arn:memory_store',
        payload: {
          tool: 'memory_store',
          arguments: { content: 'tea' },
          context: { userId: 'me', orgId: 'ours' },
        },
      },
    ]);
    await client.close();
  });

  test('is told of wrong arguments, unknown tools and missing claims as -32602, and of a failing tool by its result', async () => {
    const { handler, calls } = start(() => ({
      ok: false,
      error: { code: 'NOT_FOUND', message: 'there is no memory' },
    }));
    const client = await connect(handler);
    await expect(
      client.callTool({ name: 'memory_search', arguments: { query: 'x', limit: 51 } }),
    ).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('limit'),
    });
    await expect(client.callTool({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 });
    expect(calls).toEqual([]);
    expect(await client.callTool({ name: 'memory_search', arguments: { query: 'x' } })).toEqual({
      isError: true,
      content: [{ type: 'text', text: 'there is no memory' }],
    });
    await client.close();
    const nobody = await connect(start().handler, {});
    await expect(nobody.callTool({ name: 'build_list' })).rejects.toMatchObject({ code: -32602 });
    await nobody.close();
  });
});

test.each<[string, unknown, number, number, unknown]>([
  ['not JSON', '{', 400, -32700, null],
  ['a batch', [], 400, -32600, null],
  ['no object', '"x"', 400, -32600, null],
  ['no version', { id: 1, method: 'ping' }, 400, -32600, 1],
  ['an id of null', { jsonrpc: '2.0', id: null, method: 'ping' }, 400, -32600, null],
  ['no method', { jsonrpc: '2.0', id: 'a' }, 400, -32600, 'a'],
  ['params of another kind', { jsonrpc: '2.0', id: 2, method: 'ping', params: [] }, 200, -32602, 2],
  ['an unknown method', { jsonrpc: '2.0', id: 2, method: 'resources/list' }, 200, -32601, 2],
  ['initialize without a version', { jsonrpc: '2.0', id: 2, method: 'initialize' }, 200, -32602, 2],
  ['a cursor', { jsonrpc: '2.0', id: 2, method: 'tools/list', params: { cursor: 'x' } }, 200, -32602, 2],
])('%s', async (_what, message, status, code, id) => {
  const answer = await start().post(message);
  expect(answer).toMatchObject({ status, body: { jsonrpc: '2.0', id, error: { code, message: expect.any(String) } } });
});

test('notifications and answers of the client get 202 and nothing else, whatever they are', async () => {
  const { post, calls } = start();
  for (const message of [
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', method: 'tools/call', params: { name: 'build_start', arguments: { request: 'x' } } },
    { jsonrpc: '2.0', id: 7, result: {} },
  ]) {
    expect(await post(message)).toMatchObject({ status: 202, body: undefined });
  }
  expect(calls).toEqual([]);
});

test('the protocol version: the one asked for where it is known, the newest otherwise; a wrong header is refused', async () => {
  const { rpc } = start();
  const versionFor = async (protocolVersion: string) => (await rpc('initialize', { protocolVersion })).body.result;
  expect(await versionFor('2025-03-26')).toMatchObject({ protocolVersion: '2025-03-26', capabilities: { tools: {} } });
  expect(await versionFor('1999-01-01')).toMatchObject({ protocolVersion: '2025-11-25' });
  expect(await rpc('ping', {}, { 'mcp-protocol-version': '1999-01-01' })).toMatchObject({ status: 400 });
  expect(await rpc('ping', {}, { 'mcp-protocol-version': '2025-06-18' })).toMatchObject({
    status: 200,
    body: { result: {} },
  });
});

test('paths and methods', async () => {
  const { ask } = start();
  expect(await ask('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(await ask('GET', '/')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  expect(await ask('DELETE', '/')).toMatchObject({ status: 405 });
  expect(await ask('POST', '/other', '{}')).toMatchObject({ status: 404 });
});

test('a body of 1 MB is read, one byte more is 413', async () => {
  const { ask } = start();
  const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  expect(await ask('POST', '/', message.padEnd(1024 * 1024))).toMatchObject({ status: 200 });
  expect(await ask('POST', '/', message.padEnd(1024 * 1024 + 1))).toMatchObject({ status: 413 });
});

test('builds: started, looked up and listed for the claimed organisation, without ARNs', async () => {
  const build = { buildId, status: 'running', executionArn: 'arn:secret', orgId: 'ours' };
  const { rpc, calls } = start(({ action }) =>
    action === 'start'
      ? { ok: true, buildId, executionArn: 'arn:secret', status: 'running' }
      : { ok: true, build, builds: [build] },
  );
  const call = async (name: string, args: object) =>
    (await rpc('tools/call', { name, arguments: args })).body.result.structuredContent;
  expect(await call('build_start', { request: 'a tool', idempotencyKey: 'k' })).toEqual({ buildId, status: 'running' });
  expect(await call('build_status', { buildId })).toEqual({ buildId, status: 'running', orgId: 'ours' });
  expect(await call('build_list', { limit: 3 })).toEqual({ builds: [{ buildId, status: 'running', orgId: 'ours' }] });
  expect(calls.map(({ payload }) => payload)).toEqual([
    { action: 'start', payload: { request: 'a tool', idempotencyKey: 'k', userId: 'me', orgId: 'ours' } },
    { action: 'status', payload: { buildId, orgId: 'ours' } },
    { action: 'list', payload: { limit: 3, orgId: 'ours' } },
  ]);
});

test.each([
  ['build_start', {}],
  ['build_start', { request: '' }],
  ['build_start', { request: 'x', userId: 'you' }],
  ['build_status', { buildId: 'x' }],
  ['build_list', { limit: 0 }],
  ['build_list', { limit: 1.5 }],
  ['memory_store', { content: 'x', importance: 1.01 }],
  ['memory_store', { content: 'x', scope: 'all' }],
  ['memory_relate', { fromId: buildId, toId: 'x', relationType: 'r' }],
])('%s refuses %j', async (name, args) => {
  const { rpc, calls } = start();
  expect((await rpc('tools/call', { name, arguments: args })).body.error).toMatchObject({ code: -32602 });
  expect(calls).toEqual([]);
});

test('claims that could be no id are refused', async () => {
  const { rpc } = start();
  for (const user of ['', 'a b', 'x'.repeat(65), 'a#b']) {
    const { body } = await rpc('tools/call', { name: 'build_list' }, { ...claims, 'x-fable-user-id': user });
    expect(body.error).toMatchObject({ code: -32602, message: expect.stringContaining('x-fable-user-id') });
  }
});

test('what fails unexpectedly is told without its reason', async () => {
  const { rpc } = start(() => {
    throw new Error('arn:aws:secret');
  });
  expect((await rpc('tools/call', { name: 'build_list' })).body.result).toEqual({
    isError: true,
    content: [{ type: 'text', text: 'build_list failed unexpectedly' }],
  });
  const busy = start(() => {
    throw new FableError('BUSY', 'too many requests');
  });
  expect((await busy.rpc('tools/call', { name: 'build_list' })).body.result.content[0].text).toBe('too many requests');
});

test('only public tools are listed and called; a name that is none is a mistake of the settings', async () => {
  const { rpc, calls } = start(undefined, 'memory_search,build_list');
  const { body } = await rpc('tools/list');
  expect(body.result.tools.map(({ name }: { name: string }) => name)).toEqual(['build_list', 'memory_search']);
  expect((await rpc('tools/call', { name: 'build_start', arguments: { request: 'x' } })).body.error.code).toBe(-32602);
  expect(calls).toEqual([]);
  expect(() => start(undefined, 'memory_serach')).toThrow(
    'PUBLIC_TOOLS: there is no memory_serach; there are build_start',
  );
});
