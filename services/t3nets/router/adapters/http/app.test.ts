import type { FastifyInstance } from 'fastify';
import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { ModelError, ThrottledError } from '../../../../common/bedrock/errors';
import { Drainer } from '../../../../common/drain';
import { addRoutes, createApp } from '../../../../common/http-server/app';
import { createLogger } from '../../../../common/logger';
import { ScriptedAIProvider, type Script } from '../../../../common/test-support/scripted-ai-provider';
import { Agent } from '../../agent/agent';
import { InMemoryConversationStore } from '../../agent/in-memory/conversation-store';
import { InMemorySecretsProvider } from '../../agent/in-memory/secrets-provider';
import { InMemoryTenantStore } from '../../agent/in-memory/tenant-store';
import { routerApp } from '../aws/server';
import { adminRoutes } from './admin-routes';
import { Authorizer } from './auth';
import { publicRoutes } from './routes';

const ADMIN = { authorization: 'Bearer key-of-admin-012345' };
const KEY = (tenant: string) => `key-of-${tenant}-0123456789`;
const about = { env: 'aws', version: '1.2.3', region: 'us-east-1', model: 'claude' };

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Record<string, never> & { error?: { code: string; message: string; request_id: string } };
}

let app: FastifyInstance;
let base: string;
let lines: string[];
let script: Script;
let conversations: InMemoryConversationStore;
let tenants: InMemoryTenantStore;
let secrets: InMemorySecretsProvider;

beforeEach(async () => {
  lines = [];
  script = ({ messages }) => ({ text: `heard ${messages.length}` });
  conversations = new InMemoryConversationStore();
  tenants = new InMemoryTenantStore();
  secrets = new InMemorySecretsProvider();
  const models = { reasoning: 'claude', conversation: 'claude', formatting: 'claude' };
  const logger = createLogger({
    service: 'router',
    version: 'test',
    level: 'debug',
    destination: { write: (line) => void lines.push(line) },
  });
  const ai = new ScriptedAIProvider((request, call) =>
    typeof script === 'function' ? script(request, call) : script[call]!,
  );
  const agent = new Agent({ ai, models, conversations, tenants, secrets, skills: [], log: logger });
  const authorizer = new Authorizer({ secrets, tenants, defaultTenantRequiresKey: false });
  app = createApp({ ...routerApp, logger, drainer: new Drainer(), requestMilliseconds: 200 });
  addRoutes(app, publicRoutes({ agent, authorizer, conversations, tenants, secrets, logger, about }));
  addRoutes(app, adminRoutes({ authorizer, tenants, secrets }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  await secrets.put('default', 'admin-api', { key: 'key-of-admin-012345' });
  for (const tenantId of ['default', 'a', 'b']) {
    await tenants.putTenant({ tenantId, name: tenantId, status: 'active', settings: {}, customProperties: {} });
  }
});
afterEach(async () => {
  app.server.closeAllConnections();
  await app.close();
});

interface Ask {
  readonly headers?: Record<string, string>;
  /** Objects go as JSON, texts as they are. */
  readonly payload?: object | string;
}

async function ask(method: string, path: string, { headers = {}, payload }: Ask = {}): Promise<Answer> {
  const json = typeof payload === 'object';
  const response = await fetch(base + path, {
    method,
    headers: { ...(json && { 'content-type': 'application/json' }), ...headers },
    body: json ? JSON.stringify(payload) : payload,
  });
  const body = (await response.json()) as Answer['body'];
  return { status: response.status, headers: Object.fromEntries(response.headers), body };
}
const get = (url: string, headers = {}) => ask('GET', url, { headers });
const post = (url: string, payload: object, headers = {}) => ask('POST', url, { payload, headers });
const asTenant = (tenant: string) => ({ authorization: `Bearer ${KEY(tenant)}` });
const giveKey = (tenant: string) =>
  post(`/api/admin/tenants/${tenant}/integrations/api-key`, { values: { key: KEY(tenant) } }, ADMIN);

describe('health', () => {
  test('shallow', async () => {
    expect(await get('/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  test('deep, well and not', async () => {
    const checks = { conversations: 'ok', tenants: 'ok' };
    expect(await get('/api/health')).toMatchObject({ status: 200, body: { status: 'ok', ...about, checks } });
    tenants.check = async () => Promise.reject(new Error('no such table'));
    expect(await get('/api/health')).toMatchObject({
      status: 503,
      body: { status: 'degraded', checks: { conversations: 'ok', tenants: 'error' } },
    });
    expect(lines.join('')).toContain('no such table');
  });
});

describe('chat', () => {
  test('anonymous in the default tenant, with a session made up', async () => {
    const { status, body } = await post('/api/chat', { message: 'hi' });
    expect(status).toBe(200);
    expect(body).toEqual({
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      response: 'heard 1',
      tenant_id: 'default',
      tools_used: [],
      model_id: 'claude',
      usage: { input_tokens: 10, output_tokens: 5 },
    });
  });

  test('the conversation can be read back by its user, and by nobody else', async () => {
    await post('/api/chat', { message: 'hi', session_id: 's', user_id: 'una' });
    const { body } = await get('/api/conversations/s?user_id=una');
    expect(body).toMatchObject({
      session_id: 's',
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'heard 1' },
      ],
      updated_at: expect.stringMatching(/Z$/),
    });
    expect((await get('/api/conversations/s')).status).toBe(404);
    await giveKey('a');
    expect((await get('/api/conversations/s?user_id=una', asTenant('a'))).status).toBe(404);
  });

  test.each<[string, object | string, RegExp]>([
    ['no message', {}, /message/],
    ['an empty message', { message: '' }, /1-8000 characters/],
    ['a blank message', { message: ' \n' }, /1-8000 characters/],
    ['a message of 8001', { message: 'x'.repeat(8_001) }, /1-8000 characters/],
    ['a number', { message: 5 }, /message/],
    ['a bad session', { message: 'x', session_id: '../x' }, /session_id: not a session id/],
    ['a bad user', { message: 'x', user_id: 'a#b' }, /user_id: not a user id/],
    ['a list', [], /body/],
    ['broken JSON', '{"message":', /not valid JSON/],
    ['nothing', '', /body/],
    ['a poisoned object', '{"message":"x","__proto__":{"admin":true}}', /not valid JSON/],
  ])('400 for %s', async (_what, payload, message) => {
    const headers = { 'content-type': 'application/json' };
    const { status, body } = await ask('POST', '/api/chat', { payload, headers });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(message) });
  });

  test('a message of 8000 characters is fine', async () => {
    expect((await post('/api/chat', { message: 'x'.repeat(8_000) })).status).toBe(200);
  });

  test.each<[string, Script, number, string]>([
    ['a busy model', [new ThrottledError('busy')], 429, 'throttled'],
    ['a refusing model', [new ModelError('refused (AccessDeniedException)')], 502, 'model_error'],
    ['a model that never answers', () => new Promise(() => undefined), 504, 'timeout'],
    ['a bug of ours', [new TypeError('secret detail')], 500, 'internal'],
  ])('%s', async (_what, replies, expected, code) => {
    script = replies;
    const { status, body } = await post('/api/chat', { message: 'hi' }, { 'x-request-id': 'r-1' });
    expect(status).toBe(expected);
    expect(body.error).toMatchObject({ code, request_id: 'r-1' });
    expect(body.error!.message).not.toContain('secret detail');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ status: expected, request_id: 'r-1', tenant_id: 'default' });
  });

  test('a suspended tenant', async () => {
    await tenants.putTenant({
      tenantId: 'default',
      name: 'd',
      status: 'suspended',
      settings: {},
      customProperties: {},
    });
    expect((await post('/api/chat', { message: 'x' })).body.error!.code).toBe('forbidden');
  });
});

describe('HTTP', () => {
  test('an unknown path is 404 in our shape', async () => {
    expect((await get('/nowhere')).body.error).toMatchObject({ code: 'not_found', request_id: expect.any(String) });
  });

  test.each([
    ['DELETE', '/api/chat', 'POST'],
    ['GET', '/api/chat', 'POST'],
    ['OPTIONS', '/api/chat', 'POST'],
    ['POST', '/health', 'GET'],
    ['PUT', '/api/admin/tenants', 'GET, POST'],
    ['PATCH', '/api/conversations/s', 'GET'],
  ])('%s %s is 405 and names what is allowed', async (method, url, allow) => {
    const { status, headers, body } = await ask(method, url);
    expect(status).toBe(405);
    expect(headers.allow).toBe(allow);
    expect(body.error!.code).toBe('method_not_allowed');
  });

  test('a body above 256 KB is 413, one of 256 KB is read', async () => {
    const payload = (size: number) => `{"message":"${'x'.repeat(size - 14)}"}`;
    const headers = { 'content-type': 'application/json' };
    expect((await ask('POST', '/api/chat', { payload: payload(262_144), headers })).status).toBe(400);
    const { status, body } = await ask('POST', '/api/chat', { payload: payload(262_145), headers });
    expect(status).toBe(413);
    expect(body.error!.code).toBe('too_large');
  });

  test('only JSON is taken', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect((await ask('POST', '/api/chat', { payload: 'hi', headers })).body.error).toMatchObject({
      code: 'invalid_request',
      message: 'send content-type: application/json',
    });
  });

  test('a path that is not validly encoded', async () => {
    expect((await get('/api/conversations/%zz')).body.error!.code).toBe('invalid_request');
  });

  test('request ids: the given one if it is harmless, else a new one', async () => {
    expect((await get('/nowhere', { 'x-request-id': 'abc-1' })).headers['x-request-id']).toBe('abc-1');
    const { headers } = await get('/nowhere', { 'x-request-id': 'a b"\\n' });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('one line a request, with the agreed fields and without text or secrets', async () => {
    await giveKey('a');
    lines.length = 0;
    await post('/api/chat', { message: 'tell nobody', session_id: 's' }, asTenant('a'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: expect.any(String),
      service: 'router',
      version: 'test',
      msg: 'request',
      request_id: expect.any(String),
      tenant_id: 'a',
      session_id: 's',
      route: 'POST /api/chat',
      status: 200,
      duration_ms: expect.any(Number),
      tokens: 15,
      tools: [],
    });
  });
});

describe('administration', () => {
  test.each([
    ['GET', '/api/admin/tenants'],
    ['POST', '/api/admin/tenants'],
    ['POST', '/api/admin/tenants/a/users'],
    ['POST', '/api/admin/tenants/a/channels'],
    ['GET', '/api/admin/tenants/a/integrations'],
    ['POST', '/api/admin/tenants/a/integrations/jira'],
  ])('%s %s needs the admin key', async (method, url) => {
    await giveKey('a');
    for (const headers of [{}, { authorization: 'Bearer wrong' }, asTenant('a')]) {
      expect((await ask(method, url, { headers })).body.error!.code).toBe('unauthorized');
    }
  });

  test('tenants: created once, listed', async () => {
    const created = await post('/api/admin/tenants', { tenant_id: 'c', name: 'C', settings: { tone: 'dry' } }, ADMIN);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ tenant_id: 'c', name: 'C', status: 'active', settings: { tone: 'dry' } });
    const again = await post('/api/admin/tenants', { tenant_id: 'c', name: 'C' }, ADMIN);
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'exists' } } });
    const { body } = await get('/api/admin/tenants', ADMIN);
    expect((body.tenants as unknown as { tenant_id: string }[]).map(({ tenant_id }) => tenant_id)).toEqual([
      'a',
      'b',
      'c',
      'default',
    ]);
  });

  test.each<[string, object]>([
    ['a tenant id with a slash', { tenant_id: 'a/b', name: 'x' }],
    ['no name', { tenant_id: 'c', name: ' ' }],
    ['settings that are a list', { tenant_id: 'c', name: 'x', settings: [] }],
    ['a number that would lose digits', { tenant_id: 'c', name: 'x', settings: { n: 2 ** 60 } }],
  ])('400 for a tenant with %s', async (_what, body) => {
    expect((await post('/api/admin/tenants', body, ADMIN)).status).toBe(400);
  });

  test('users: created once, in a tenant that is there', async () => {
    const user = { user_id: 'una', email: 'una@example.com', display_name: 'Una', role: 'admin' };
    expect(await post('/api/admin/tenants/a/users', user, ADMIN)).toMatchObject({
      status: 201,
      body: { tenant_id: 'a', ...user },
    });
    expect((await post('/api/admin/tenants/a/users', user, ADMIN)).status).toBe(409);
    expect((await post('/api/admin/tenants/nobody/users', user, ADMIN)).status).toBe(404);
    expect(
      (await post('/api/admin/tenants/a/users', { ...user, role: 'king', email: 'x' }, ADMIN)).body.error!.message,
    ).toMatch(/email.*role/);
  });

  test('integrations: created, updated, listed by name, disabled; values never come back', async () => {
    const url = '/api/admin/tenants/a/integrations/jira';
    expect(await post(url, { values: { api_token: 'sesame' } }, ADMIN)).toMatchObject({ status: 201 });
    const updated = await post(url, { values: { api_token: 'sesame2' } }, ADMIN);
    expect(updated).toMatchObject({ status: 200, body: { tenant_id: 'a', integration: 'jira', status: 'updated' } });
    expect((await get('/api/admin/tenants/a/integrations', ADMIN)).body).toEqual({ integrations: ['jira'] });
    expect((await get('/api/admin/tenants/b/integrations', ADMIN)).body).toEqual({ integrations: [] });
    expect((await post(url, { disabled: true }, ADMIN)).status).toBe(200);
    expect((await get('/api/admin/tenants/a/integrations', ADMIN)).body).toEqual({ integrations: [] });
    expect(JSON.stringify(updated) + lines.join('')).not.toContain('sesame');
  });

  test.each<[string, string, object]>([
    ['no values', 'jira', { values: {} }],
    ['neither values nor disabled', 'jira', {}],
    ['a name with a slash', 'a%2Fb', { values: { x: 1 } }],
    ['values beyond a secret', 'jira', { values: { x: 'x'.repeat(60_000) } }],
    ['a key that can be guessed', 'api-key', { values: { key: 'short' } }],
  ])('400 for an integration with %s', async (_what, name, body) => {
    expect((await post(`/api/admin/tenants/a/integrations/${name}`, body, ADMIN)).status).toBe(400);
  });

  test('a key belongs to one tenant', async () => {
    expect((await giveKey('a')).status).toBe(201);
    const taken = await post('/api/admin/tenants/b/integrations/api-key', { values: { key: KEY('a') } }, ADMIN);
    expect(taken).toMatchObject({ status: 409, body: { error: { message: 'another tenant has this key' } } });
    expect(await secrets.get('b', 'api-key')).toBeUndefined();
    expect((await giveKey('a')).status).toBe(200);
  });

  test('one tenant cannot act for another', async () => {
    await giveKey('a');
    await giveKey('b');
    await post('/api/chat', { message: 'mine', session_id: 's', user_id: 'u' }, asTenant('a'));
    expect((await get('/api/conversations/s?user_id=u', asTenant('b'))).status).toBe(404);
    expect((await get('/api/conversations/s?user_id=u&tenant_id=a', asTenant('b'))).status).toBe(403);
    expect((await get('/api/conversations/s?user_id=u&tenant_id=a')).status).toBe(401);
    expect((await post('/api/chat', { message: 'x', tenant_id: 'a' }, asTenant('b'))).status).toBe(403);
  });
});

describe('channels', () => {
  const channel = { channel_type: 'chat', id: 'room-1', settings: {}, signing_secret: 'shhh' };
  const make = (tenant = 'a') => post(`/api/admin/tenants/${tenant}/channels`, channel, ADMIN);
  const hook = (payload: string, signature: string | undefined, id = 'room-1', type = 'chat') =>
    ask('POST', `/api/channels/${type}/${id}/webhook`, {
      payload,
      headers: { 'content-type': 'application/json', ...(signature && { 'x-channel-signature': signature }) },
    });
  const sign = (payload: string, secret = 'shhh') => createHmac('sha256', secret).update(payload).digest('hex');
  const payload = JSON.stringify({ user_id: 'u', text: 'grüße' });

  test('mapped once, for one tenant; the signing secret becomes an integration', async () => {
    expect(await make()).toMatchObject({
      status: 201,
      body: { tenant_id: 'a', channel_type: 'chat', id: 'room-1', settings: {} },
    });
    expect((await make()).status).toBe(409);
    expect((await make('b')).status).toBe(409);
    expect(await secrets.list('b')).toEqual([]);
    expect((await get('/api/admin/tenants/a/integrations', ADMIN)).body).toEqual({
      integrations: ['channel-chat-room-1'],
    });
  });

  test('a signed message is answered for the tenant of the channel, in one running conversation', async () => {
    await make();
    const first = await hook(payload, sign(payload));
    expect(first).toMatchObject({ status: 200, body: { session_id: 'chat-room-1', response: 'heard 1' } });
    expect((await hook(payload, `sha256=${sign(payload)}`)).body).toMatchObject({ response: 'heard 3' });
    expect((await conversations.load('a', 'u', 'chat-room-1'))!.messages).toHaveLength(4);
    expect(await conversations.load('default', 'u', 'chat-room-1')).toBeUndefined();
  });

  test('no, wrong and foreign signatures are 401, before the body is looked at', async () => {
    await make();
    expect((await hook(payload, undefined)).status).toBe(401);
    expect((await hook(payload, sign(payload, 'wrong'))).status).toBe(401);
    expect((await hook(`${payload} `, sign(payload))).status).toBe(401);
    expect((await hook('{}', 'none')).status).toBe(401);
    expect((await hook('{}', sign('{}'))).status).toBe(400);
  });

  test('an unknown channel is 404; the index of keys is none', async () => {
    await giveKey('a');
    expect((await hook(payload, sign(payload), 'room-2')).status).toBe(404);
    expect((await hook(payload, sign(payload), 'x', 'apikey')).status).toBe(404);
    const reserved = await post('/api/admin/tenants/a/channels', { ...channel, channel_type: 'apikey' }, ADMIN);
    expect(reserved.body.error!.message).toContain('is reserved');
  });
});
