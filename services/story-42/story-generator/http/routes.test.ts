import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Drainer } from '../../../common/drain';
import { addRoutes, createApp } from '../../../common/http-server/app';
import { createLogger } from '../../../common/logger';
import type { ChatRequest, ChatResult } from '../agent/agent';
import { errorAnswer } from './errors';
import { agentRoutes } from './routes';

const REQUEST_MILLISECONDS = 100;

let app: FastifyInstance;
let stopping: AbortController;
let lines: string[];
let answer: (request: ChatRequest) => Promise<ChatResult>;

const result = (request: ChatRequest): ChatResult => ({
  session_id: 's',
  reply: request.message,
  tools_used: [],
  usage: { input_tokens: 1, output_tokens: 1 },
});
/** Until the message's time is up, however long that is. */
const forever = ({ signal }: ChatRequest) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

beforeEach(async () => {
  lines = [];
  stopping = new AbortController();
  const logger = createLogger({
    service: 'agent',
    version: 'test',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  app = createApp({
    logger,
    drainer: new Drainer(),
    health: {},
    answerTo: errorAnswer,
    requestMilliseconds: REQUEST_MILLISECONDS,
    keepAliveMilliseconds: 1_000,
    bodyBytes: 64 * 1024,
    outcomes: true,
    stopping: stopping.signal,
  });
  const routes = agentRoutes({
    agent: { chat: (request) => answer(request), session: () => Promise.reject(new Error('not asked here')) },
    verifier: { caller: async () => ({ principal: { sub: 'una', groups: ['author'] }, token: 't' }) },
    speaker: { segment: forever as never, text: forever as never },
    logger,
    version: 'v',
    stopping: stopping.signal,
  });
  addRoutes(app, routes);
  await app.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(async () => {
  app.server.closeAllConnections();
  await app.close();
});

const chat = (accept: string, message = 'hi') =>
  fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/agent/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ message }),
  });

test('one answer has the time of a request', async () => {
  answer = forever;
  const response = await chat('application/json');
  expect([response.status, await response.json()]).toMatchObject([504, { error: { code: 'timeout' } }]);
});

test('a stream may take longer than that', async () => {
  answer = async (request) => {
    await delay(REQUEST_MILLISECONDS * 2);
    return result(request);
  };
  expect(await (await chat('text/event-stream')).text()).toContain('event: done\ndata: {"session_id":"s","reply":"hi"');
});

test('a server that is to end says so in what it has not finished', async () => {
  answer = forever;
  const response = await chat('text/event-stream');
  stopping.abort(new Error('the agent is stopping'));
  expect(await response.text()).toMatch(/event: error\ndata: {"error":{"code":"timeout",.*}}\n\n$/);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: 'request', outcome: 'timeout', status: 200 }]);
});

test.each([
  ['', 'message'],
  [' \n', 'message'],
  ['x'.repeat(8_001), 'message'],
])('a message of %j is refused before anything begins', async (message, field) => {
  answer = async (request) => result(request);
  const response = await chat('text/event-stream', message);
  expect([response.status, await response.json()]).toMatchObject([400, { error: { fields: [{ field }] } }]);
});

test('a message of 8000 characters is taken', async () => {
  answer = async (request) => result(request);
  expect((await chat('application/json', 'x'.repeat(8_000))).status).toBe(200);
});
