import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { ModelError, ThrottledError } from '../../common/bedrock/errors';
import type { AIProvider, ModelRequest } from '../../common/bedrock/types';
import { createLogger } from '../../common/logger';
import { startFakeAws, type FakeAws } from '../../common/test-support/fake-aws';
import { ScriptedAIProvider, type Script } from '../../common/test-support/scripted-ai-provider';
import { ConnectionStore } from '../common/connections';
import { ConversationStore } from '../common/conversations';
import { FableError } from '../common/errors';
import { Kickoff } from '../common/functions';
import type { FoundMemory } from '../common/memories';
import { Pusher } from '../common/push';
import { startMemoryTables } from '../common/test-support/memory-tables';
import { createHandler, type HandlerOptions } from './handler';

const logger = createLogger({ service: 'test', version: 'test', level: 'silent' });
const buildId = '01900000-0000-7000-8000-000000000000';
const owner = { userId: 'me', orgId: 'ours' };

interface Sent {
  readonly type: string;
  readonly [field: string]: unknown;
}

let tables: Awaited<ReturnType<typeof startMemoryTables>>;
let sockets: FakeAws;
let bodies: Sent[];
let connections: ConnectionStore;
let conversations: ConversationStore;

beforeEach(async () => {
  tables = await startMemoryTables({ connections: ['connectionId'], conversations: ['PK', 'SK'] });
  sockets = await startFakeAws();
  bodies = [];
  connections = new ConnectionStore(tables.client, 'connections');
  conversations = new ConversationStore({ client: tables.client, table: 'conversations' });
  await connections.put('c1', 'me', 'ours', new Date());
});
afterEach(async () => {
  await Promise.all([tables.close(), sockets.close()]);
});

function start(script: Script | AIProvider = [{ text: 'Hello' }], more: Partial<HandlerOptions> = {}) {
  const ai = 'converseStream' in script ? script : new ScriptedAIProvider(script);
  const calls: unknown[] = [];
  const kickoff = new Kickoff(
    {
      call: async (_name, payload) => {
        calls.push(payload);
        const { action } = payload as { action: string };
        if (action === 'start') return { ok: true, buildId, status: 'running' };
        return { ok: true, build: { buildId, status: 'completed', result: { files: 2 } } };
      },
    },
    'kickoff',
  );
  const client = new ApiGatewayManagementApiClient({ ...sockets.settings, maxAttempts: 1 });
  sockets.answer = (call) => {
    bodies.push(call.input as Sent);
    return { body: {} };
  };
  const handler = createHandler({
    logger,
    connections,
    conversations,
    kickoff,
    ai,
    modelId: 'model',
    embed: async () => [1],
    memories: { search: async () => [] },
    pusher: () => new Pusher({ client, connections }),
    ...more,
  });
  const send = async (frame: unknown, connectionId = 'c1'): Promise<Sent[]> => {
    const from = bodies.length;
    const body = typeof frame === 'string' ? frame : JSON.stringify(frame);
    const event = { requestContext: { connectionId, domainName: 'x', stage: 'dev' }, body };
    expect(await handler(event, { awsRequestId: 'r' })).toEqual({ statusCode: 200 });
    return bodies.slice(from);
  };
  return { send, calls, ai: ai as ScriptedAIProvider };
}
const typesOf = (frames: readonly Sent[]) => frames.map(({ type }) => type);

test('a message is streamed, stored and in the history of another connection, which gets the news from then on', async () => {
  const { send, ai } = start([{ text: 'Hello' }, { text: 'Again' }]);
  const frames = await send({ type: 'message', message: 'Hi' });
  expect(typesOf(frames)).toEqual(['message_start', 'message_delta', 'message_end']);
  const conversationId = frames[0]!.conversationId as string;
  expect(frames[1]).toEqual({ type: 'message_delta', conversationId, text: 'Hello' });
  expect(frames[2]).toMatchObject({ conversationId });
  await send({ type: 'message', message: 'And?', conversationId });
  expect(ai.requests[1]!.messages.map(({ role, content }) => [role, content])).toEqual([
    ['user', [{ type: 'text', text: 'Hi' }]],
    ['assistant', [{ type: 'text', text: 'Hello' }]],
    ['user', [{ type: 'text', text: 'And?' }]],
  ]);
  await connections.put('c2', 'me', 'ours', new Date());
  const [history] = await send({ type: 'history', conversationId }, 'c2');
  expect(history).toMatchObject({ type: 'history', conversationId, last: true });
  expect((history!.messages as { text: string }[]).map(({ text }) => text)).toEqual(['Hi', 'Hello', 'And?', 'Again']);
  expect(await conversations.get(owner, conversationId)).toMatchObject({ connectionId: 'c2', title: 'Hi' });
});

test('the model is told the nearest memories; without a database it answers all the same', async () => {
  const memory = { type: 'fact', content: 'likes\n tea' } as FoundMemory;
  const asked: unknown[] = [];
  const { send, ai } = start([{ text: 'A' }], {
    memories: {
      search: async (caller, options) => {
        asked.push(caller, options);
        return [memory];
      },
    },
  });
  await send({ type: 'message', message: 'Hi' });
  expect(asked).toEqual([owner, { embedding: [1], limit: 5 }]);
  expect(ai.requests[0]!.system).toContain('- (fact) likes tea');
  const without = start([{ text: 'B' }], { memories: { search: () => Promise.reject(new Error('down')) } });
  expect(typesOf(await without.send({ type: 'message', message: 'Hi' }))).toContain('message_end');
});

test('the model starts a build by its tool, for the user of the connection', async () => {
  const { send, calls, ai } = start([
    { text: 'On it.', toolCalls: [{ id: 't', name: 'start_build', input: { request: 'a clock' } }] },
    { text: 'Started.' },
  ]);
  const frames = await send({ type: 'message', message: 'Build a clock' });
  const { conversationId } = frames[0]!;
  expect(typesOf(frames)).toEqual(expect.arrayContaining(['build_started', 'message_end']));
  expect(calls).toEqual([{ action: 'start', payload: { request: 'a clock', ...owner, conversationId } }]);
  expect(ai.requests[1]!.messages.at(-1)!.content).toEqual([
    { type: 'tool_result', id: 't', result: { buildId, status: 'running' }, isError: false },
  ]);
  const stored = await conversations.get(owner, String(conversationId));
  expect(stored!.messages.map(({ text }) => text)).toEqual(['Build a clock', 'On it.\n\nStarted.']);
});

test.each([
  ['a build frame', { type: 'build', request: 'a clock', spec: { goal: 'x' } }, { spec: { goal: 'x' } }],
  ['a message with /build', { type: 'message', message: '/build a clock' }, {}],
])('%s starts a build without the model, in a conversation', async (_what, frame, more) => {
  const { send, calls, ai } = start([]);
  const [started, ...rest] = await send(frame);
  expect(rest).toEqual([]);
  expect(started).toMatchObject({ type: 'build_started', buildId });
  const conversationId = String(started!.conversationId);
  expect(calls).toEqual([{ action: 'start', payload: { request: 'a clock', ...more, ...owner, conversationId } }]);
  expect(ai.requests).toEqual([]);
  expect(await conversations.get(owner, conversationId)).toMatchObject({
    connectionId: 'c1',
    messages: [{ text: '/build a clock' }, { text: `Build ${buildId} has started.` }],
  });
});

test('build_status and ping', async () => {
  const { send, calls } = start();
  expect(await send({ type: 'build_status', buildId })).toEqual([
    { type: 'build_update', buildId, status: 'completed', result: { files: 2 } },
  ]);
  expect(calls).toEqual([{ action: 'status', payload: { orgId: 'ours', buildId } }]);
  expect(await send({ type: 'ping' })).toEqual([{ type: 'pong' }]);
});

test.each([
  ['not JSON', '{'],
  ['too large', JSON.stringify({ type: 'message', message: 'x'.repeat(32 * 1024) })],
  ['of no type', {}],
  ['of another type', { type: 'shout' }],
  ['an empty message', { type: 'message', message: ' ' }],
  ['an empty build', { type: 'message', message: '/build  ' }],
  ['a field that is not known', { type: 'ping', more: 1 }],
])('a frame that is %s gets an error, not a drop', async (_what, frame) => {
  expect(await start().send(frame)).toEqual([expect.objectContaining({ type: 'error', code: 'BAD_REQUEST' })]);
});

test("somebody else's conversation, and a connection without a row, are not found", async () => {
  const { send } = start();
  await conversations.append({ userId: 'me', orgId: 'theirs' }, 'c', 'c9', [{ role: 'user', text: 'x', at: 'now' }]);
  for (const frame of [
    { type: 'history', conversationId: 'c' },
    { type: 'message', message: 'x', conversationId: 'c' },
    { type: 'build', request: 'x', conversationId: 'c' },
  ]) {
    expect(await send(frame)).toEqual([{ type: 'error', code: 'NOT_FOUND', message: 'there is no conversation c' }]);
  }
  expect(await send({ type: 'ping' }, 'nobody')).toMatchObject([{ type: 'error', code: 'NOT_FOUND' }]);
});

test('a model that is busy is asked again; busy until the end is BUSY', async () => {
  const busy = new ThrottledError('the model is busy; try again shortly');
  expect(typesOf(await start([busy, { text: 'Now' }]).send({ type: 'message', message: 'Hi' }))).toContain(
    'message_end',
  );
  const { send, ai } = start(() => busy, { milliseconds: 900 });
  expect((await send({ type: 'message', message: 'Hi' })).at(-1)).toMatchObject({ type: 'error', code: 'BUSY' });
  expect(ai.requests.length).toBeGreaterThan(1);
});

test('faults of the model and of kickoff are told, our own bugs are not', async () => {
  const last = async (script: Script, more = {}) =>
    (await start(script, more).send({ type: 'message', message: 'Hi' })).at(-1);
  expect(await last([new ModelError('the model request failed (X)')])).toMatchObject({ code: 'MODEL_ERROR' });
  expect(await last([{ text: '' }])).toMatchObject({ code: 'MODEL_ERROR' });
  expect(await last([new Error('arn:secret')])).toEqual({
    type: 'error',
    code: 'INTERNAL',
    message: 'the request failed unexpectedly',
  });
  const kickoff = { call: () => Promise.reject(new FableError('START_FAILED', 'the build did not start')) };
  expect(await start([], { kickoff }).send({ type: 'build', request: 'x' })).toEqual([
    { type: 'error', code: 'START_FAILED', message: 'the build did not start' },
  ]);
});

test('what there is of an answer when the time is up is kept; nothing at all is TIMEOUT', async () => {
  const hanging = (text: string): AIProvider => ({
    converse: () => Promise.reject(new Error('not used')),
    async *converseStream({ signal }: ModelRequest) {
      if (text) yield { type: 'text', text };
      await new Promise((_resolve, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
    },
  });
  const frames = await start(hanging('Half'), { milliseconds: 300 }).send({ type: 'message', message: 'Hi' });
  expect(frames.at(-1)).toMatchObject({ type: 'message_end', stopReason: 'timeout' });
  const stored = await conversations.get(owner, String(frames[0]!.conversationId));
  expect(stored!.messages.map(({ text }) => text)).toEqual(['Hi', 'Half']);
  const nothing = await start(hanging(''), { milliseconds: 300 }).send({ type: 'message', message: 'Hi' });
  expect(nothing.at(-1)).toMatchObject({ type: 'error', code: 'TIMEOUT' });
});

test('frames stay under 32 KB, and nothing is lost', async () => {
  const text = '"é\n'.repeat(30_000);
  const { send } = start([{ text }]);
  const frames = await send({ type: 'message', message: 'Hi' });
  const deltas = frames.filter(({ type }) => type === 'message_delta');
  expect(deltas.map((frame) => frame.text).join('')).toBe(text);
  const history = await send({ type: 'history', conversationId: frames[0]!.conversationId });
  expect(history.length).toBeGreaterThan(3);
  expect(history.map(({ last }) => last)).toEqual([...history.slice(1).map(() => false), true]);
  const told = history.flatMap(({ messages }) => messages as { role: string; text: string }[]);
  expect(
    told
      .filter(({ role }) => role === 'assistant')
      .map((one) => one.text)
      .join(''),
  ).toBe(text);
  for (const frame of [...frames, ...history]) expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThan(32 * 1024);
});

test('one who has gone loses the row; the answer is stored for when they come back', async () => {
  const { send } = start([{ text: 'Hello' }]);
  let id = '';
  sockets.answer = (call) => {
    id ||= String(call.input.conversationId);
    return { fault: 'GoneException', status: 410 };
  };
  await send({ type: 'message', message: 'Hi' });
  expect(sockets.calls).toHaveLength(1);
  expect(await connections.get('c1')).toBeUndefined();
  expect((await conversations.get(owner, id))!.messages).toHaveLength(2);
});
