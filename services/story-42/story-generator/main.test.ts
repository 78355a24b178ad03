/** The agent as its container runs it: a process of its own, bundled, with real HTTP servers in the place of the others. */
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleForTest } from '../../common/test-support/bundled-service';
import { eventStreamBytes, startFakeAws, type FakeAnswer, type FakeAws } from '../../common/test-support/fake-aws';
import { startHttpStandIn, type HttpStandIn } from '../../common/test-support/http-stand-in';

const here = dirname(fileURLToPath(import.meta.url));
const POOL = 'us-west-2_Pool1';
const KEY = 'key-of-the-speech-service';
const MP3 = Buffer.from([0x49, 0x44, 0x33, 4, 0, 0]);
const SEGMENT = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

let folder: string;
let signingKey: CryptoKey;
let jwk: JWK;
let aws: FakeAws;
let outside: HttpStandIn;
let child: ChildProcess | undefined;
let output: string;
/** The sessions table, as DynamoDB writes items. */
let items: Map<string, Record<string, unknown>>;
let objects: Map<string, Buffer>;
/** What the model says, call by call; each is a list of Converse content blocks. */
let replies: (object[] | Promise<object[]> | FakeAnswer)[];
let conversing: (Record<string, unknown> & { messages: { role: string; content: object[] }[] })[];
let invoked: { readonly name: string; readonly payload: Record<string, unknown> }[];

beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  signingKey = pair.privateKey;
  jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  folder = mkdtempSync(join(tmpdir(), 'story-agent-'));
  await bundleForTest(here, folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  output = '';
  child = undefined;
  items = new Map();
  objects = new Map();
  replies = [];
  conversing = [];
  invoked = [];
  aws = await startFakeAws(answerAws);
  outside = await startHttpStandIn(({ path }) => {
    if (path.startsWith('/jwks')) return { body: { keys: [jwk] } };
    if (path.startsWith('/search')) return { body: '<a class="result__a" href="https://example.org/">Otters</a>' };
    if (path.startsWith('/tts')) return { headers: { 'content-type': 'audio/mpeg' }, body: MP3 };
    return { body: { sessions: [], next_cursor: null, version: '1' } };
  });
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await Promise.all([aws.close(), outside.close()]);
});

async function answerAws({ operation, input, body }: FakeAws['calls'][number]): Promise<FakeAnswer> {
  if (operation === 'GetItem') {
    const item = items.get((input.Key as { session_id: { S: string } }).session_id.S);
    return { body: item ? { Item: item } : {} };
  }
  if (operation === 'PutItem') {
    const item = input.Item as { session_id: { S: string } };
    items.set(item.session_id.S, item);
    return { body: {} };
  }
  if (operation === 'GetSecretValue') return { body: { SecretString: KEY } };
  if (operation.startsWith('/images/')) {
    objects.set(operation.slice('/images/'.length).split('?')[0]!, body!);
    return { body: {} };
  }
  const name = /functions\/([^/]+)\/invocations/.exec(operation)?.[1];
  if (name !== undefined) {
    invoked.push({ name, payload: input });
    return { body: { statusCode: 200, body: { session_id: 's', segment: { text: 'new' }, revision: 2 } } };
  }
  conversing.push(input as (typeof conversing)[number]);
  const reply = await replies.shift();
  if (reply === undefined) return { fault: 'ValidationException', message: 'the script has ended' };
  if (!Array.isArray(reply)) return reply as FakeAnswer;
  return operation.endsWith('-stream') ? streamOf(reply as Block[]) : converseOf(reply as Block[]);
}

interface Block {
  readonly text?: string;
  readonly toolUse?: { readonly toolUseId: string; readonly name: string; readonly input: object };
}
const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 15 };
const stopReasonOf = (blocks: Block[]) => (blocks.some(({ toolUse }) => toolUse) ? 'tool_use' : 'end_turn');
const converseOf = (content: Block[]): FakeAnswer => ({
  body: { output: { message: { role: 'assistant', content } }, stopReason: stopReasonOf(content), usage },
});
const streamOf = (content: Block[]): FakeAnswer => ({
  type: 'application/vnd.amazon.eventstream',
  bytes: eventStreamBytes([
    ['messageStart', { role: 'assistant' }],
    ...content.flatMap(({ text, toolUse }, contentBlockIndex): [string, object][] => [
      ...(toolUse
        ? ([
            [
              'contentBlockStart',
              { contentBlockIndex, start: { toolUse: { toolUseId: toolUse.toolUseId, name: toolUse.name } } },
            ],
            ['contentBlockDelta', { contentBlockIndex, delta: { toolUse: { input: JSON.stringify(toolUse.input) } } }],
          ] as [string, object][])
        : [...text!].map((letter): [string, object] => [
            'contentBlockDelta',
            { contentBlockIndex, delta: { text: letter } },
          ])),
      ['contentBlockStop', { contentBlockIndex }],
    ]),
    ['messageStop', { stopReason: stopReasonOf(content) }],
    ['metadata', { usage, metrics: { latencyMs: 1 } }],
  ]),
});
const use = (name: string, input: object, toolUseId = name) => ({ toolUse: { toolUseId, name, input } });

async function start(variables: Record<string, string | undefined> = {}): Promise<string> {
  const own = spawn(process.execPath, [join(folder, 'server.js')], {
    env: {
      PATH: process.env.PATH,
      NODE_NO_WARNINGS: '1',
      AWS_ACCESS_KEY_ID: '111111111111',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL: aws.settings.endpoint,
      AWS_REGION: 'us-west-2',
      BEDROCK_MODEL_ID: 'claude',
      STORY_API_URL: `${outside.url}/dev`,
      SESSIONS_TABLE: 'sessions',
      IMAGES_BUCKET: 'images',
      TEXT_FUNCTION_NAME: 'text',
      IMAGE_FUNCTION_NAME: 'image',
      DATA_FUNCTION_NAME: 'data',
      COGNITO_USER_POOL_ID: POOL,
      COGNITO_CLIENT_ID: 'client',
      COGNITO_JWKS_URL: `${outside.url}/jwks.json`,
      SEARCH_BASE_URL: `${outside.url}/search`,
      TTS_API_BASE_URL: `${outside.url}/tts`,
      TTS_API_KEY_SECRET_ARN: 'arn:aws:secretsmanager:us-west-2:111111111111:secret:tts',
      S3_PUBLIC_ENDPOINT: 'http://s3.example.test:9',
      RELEASE: 'r1',
      PORT: '0',
      ...variables,
    },
  });
  child = own;
  // What an earlier one still had to say is not this one's.
  const hear = (chunk: Buffer) => {
    if (child === own) output += chunk.toString();
  };
  own.stdout.on('data', hear);
  own.stderr.on('data', hear);
  for (;;) {
    const port = /"port":(\d+)/.exec(output)?.[1];
    if (port) return `http://localhost:${port}`;
    if (own.exitCode !== null) throw new Error(`the agent ended: ${output}`);
    await delay(10);
  }
}

/** A loop without an end would outlive its test. */
async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition();) {
    if (Date.now() > end) throw new Error(`waited in vain; the agent said: ${output}`);
    await delay(5);
  }
}

const token = (sub = 'una', groups = ['author']) =>
  new SignJWT({ token_use: 'id', 'cognito:groups': groups })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setSubject(sub)
    .setIssuer(`https://cognito-idp.us-west-2.amazonaws.com/${POOL}`)
    .setAudience('client')
    .setExpirationTime('5m')
    .sign(signingKey);

interface Ask {
  readonly sub?: string;
  readonly groups?: string[];
  readonly body?: object;
  readonly accept?: string;
  readonly anonymous?: boolean;
}
const ask = async (url: string, { sub, groups, body, accept, anonymous }: Ask = {}) =>
  fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(!anonymous && { authorization: `Bearer ${await token(sub, groups)}` }),
      ...(body && { 'content-type': 'application/json' }),
      ...(accept && { accept }),
    },
    body: body && JSON.stringify(body),
  });
const events = (text: string) =>
  [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event, data]) => ({ event, data: JSON.parse(data!) }));
const requestLines = () =>
  output
    .split('\n')
    .filter((line) => line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** In the table already, as a function has written it. */
function giveStory(id: string, owner: string): void {
  const none = { NULL: true };
  const at = { S: '2026-11-21T10:00:00.000Z' };
  const segment = {
    segment_id: { S: SEGMENT },
    index: { N: '1' },
    heading: { S: 'One' },
    text: { S: 'Once.' },
    image_prompt: { S: '' },
    image_key: none,
    audio_key: none,
    revision: { N: '1' },
  };
  items.set(id, {
    ...{ session_id: { S: id }, owner_sub: { S: owner }, status: { S: 'complete' }, title: { S: 'Kelp' } },
    ...{ topic: none, audience: none, genre: none, language: { S: 'en' }, topics: none, outline: none },
    ...{ segments: { L: [{ M: segment }] }, segment_count: { N: '1' }, revision: { N: '4' }, text_key: none },
    ...{ story_key: none, model_id: none, usage: none, job: none, error: none, created_at: at, updated_at: at },
    expires_at: { N: '4102444800' },
  });
}

test('health needs nobody; everything else a token of this pool and a group', async () => {
  const url = await start();
  const health = await fetch(`${url}/health`);
  expect(await health.json()).toEqual({ status: 'ok', service: 'story-42-agent', version: '9.9.9.r1' });
  const id = crypto.randomUUID();
  for (const [path, body] of [
    ['/agent/chat', { message: 'hi' }],
    ['/agent/tts', { text: 'hi' }],
    [`/agent/sessions/${id}`, undefined],
  ] as const) {
    const anonymous = await ask(url + path, { body, anonymous: true });
    expect([path, anonymous.status, await anonymous.json()]).toMatchObject([
      path,
      401,
      { error: { code: 'unauthorized' } },
    ]);
    const stranger = await ask(url + path, { body, groups: ['reader'] });
    expect([path, stranger.status, await stranger.json()]).toMatchObject([path, 403, { error: { code: 'forbidden' } }]);
  }
  expect((await ask(`${url}/agent/sessions/${id}`)).status).toBe(404);
  expect((await ask(`${url}/nowhere`)).status).toBe(404);
  expect((await ask(`${url}/agent/chat`)).status).toBe(405);
  expect(conversing).toEqual([]);
}, 20_000);

test('web search, story API and a function in one conversation; told, kept and logged', async () => {
  const url = await start();
  const id = crypto.randomUUID();
  giveStory(id, 'una');
  replies = [
    [{ text: 'let me look' }, use('web_search', { query: 'otters' }), use('story_api', { route: 'GET /sessions' })],
    [use('regenerate_text', { segment_id: SEGMENT, instruction: 'gently' })],
    [use('regenerate_image', { segment_id: 'one' })],
    [{ text: 'All done.' }],
  ];
  const response = await ask(`${url}/agent/chat`, { body: { message: 'secret wish', session_id: id } });
  expect(response.headers.get('x-story-version')).toBe('9.9.9.r1');
  const used = (name: string, ok = true) => ({ name, ok, ms: expect.any(Number) });
  const tools = [used('web_search'), used('story_api'), used('regenerate_text'), used('regenerate_image', false)];
  expect(await response.json()).toMatchObject({
    session_id: id,
    reply: 'All done.',
    tools_used: tools,
    story: { session_id: id, title: 'Kelp', segments: [{ segment_id: SEGMENT }] },
    usage: { input_tokens: 40, output_tokens: 20 },
    version: '9.9.9.r1',
  });
  expect(invoked).toEqual([
    {
      name: 'text',
      payload: {
        action: 'regenerate-segment',
        body: { session_id: id, segment_id: SEGMENT, instruction: 'gently' },
        principal: { sub: 'una', groups: ['author'] },
      },
    },
  ]);
  const [search, api] = ['/search/html/', '/dev/sessions'].map((path) =>
    outside.calls.find((call) => call.path.startsWith(path)),
  );
  expect(search!.headers.authorization).toBeUndefined();
  expect(api!.headers.authorization).toMatch(/^ey/);
  expect((conversing[0] as unknown as { toolConfig: { tools: object[] } }).toolConfig.tools).toHaveLength(8);
  expect(JSON.stringify(conversing[0]!.system)).toContain(SEGMENT);

  replies = [[{ text: 'Indeed.' }]];
  await ask(`${url}/agent/chat`, { body: { message: 'thanks', session_id: id } });
  expect(conversing.at(-1)!.messages.map(({ role, content }) => [role, content])).toEqual([
    ['user', [{ text: 'secret wish' }]],
    ['assistant', [{ text: 'All done.' }]],
    ['user', [{ text: 'thanks' }]],
  ]);
  expect(await (await ask(`${url}/agent/sessions/${id}`)).json()).toMatchObject({
    session_id: id,
    messages: [{ role: 'user' }, { role: 'assistant', tools }, { role: 'user' }, { role: 'assistant' }],
    story: { title: 'Kelp' },
  });
  for (const path of [`/agent/sessions/${id}`, '/agent/chat']) {
    const body = path.endsWith('chat') ? { message: 'mine?', session_id: id } : undefined;
    expect((await ask(url + path, { sub: 'olga', body })).status).toBe(404);
  }
  expect(requestLines()[0]).toMatchObject({
    route: 'POST /agent/chat',
    session_id: id,
    status: 200,
    outcome: 'ok',
    tools,
    duration_ms: expect.any(Number),
  });
  expect(requestLines().at(-1)).toMatchObject({ outcome: 'session_not_found', status: 404 });
  expect(output).not.toMatch(/secret wish|All done|eyJ|key-of-the/);
}, 20_000);

test('as events: words as they come, tools as they begin and end, the answer last', async () => {
  const url = await start();
  replies = [[{ text: 'Hm' }, use('web_search', { query: 'x' })], [{ text: 'Yes' }]];
  const response = await ask(`${url}/agent/chat`, { body: { message: 'hi' }, accept: 'text/event-stream' });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const all = events(await response.text());
  expect(all.slice(0, -1)).toEqual([
    { event: 'token', data: { text: 'H' } },
    { event: 'token', data: { text: 'm' } },
    { event: 'tool', data: { name: 'web_search' } },
    { event: 'tool', data: { name: 'web_search', ok: true, ms: expect.any(Number) } },
    { event: 'token', data: { text: 'Y' } },
    { event: 'token', data: { text: 'e' } },
    { event: 'token', data: { text: 's' } },
  ]);
  expect(all.at(-1)).toMatchObject({ event: 'done', data: { reply: 'Yes', usage: { input_tokens: 20 } } });
  expect(all.at(-1)!.data).not.toHaveProperty('story');
  expect([...items.keys()]).toEqual([`chat#${all.at(-1)!.data.session_id}`]);
}, 20_000);

test('a failing model: 502, or an error event once the stream has begun', async () => {
  const url = await start();
  const fault = { fault: 'AccessDeniedException', status: 403, message: 'arn:aws:bedrock:secret' };
  replies = [fault, fault];
  const plain = await ask(`${url}/agent/chat`, { body: { message: 'hi' } });
  expect([plain.status, await plain.json()]).toMatchObject([502, { error: { code: 'model_error' } }]);
  const streamed = await ask(`${url}/agent/chat`, { body: { message: 'hi' }, accept: 'text/event-stream' });
  const [event] = events(await streamed.text());
  expect(event).toMatchObject({
    event: 'error',
    data: { error: { code: 'model_error', request_id: expect.any(String) } },
  });
  expect(JSON.stringify(event)).not.toContain('arn:');
  await until(() => requestLines().length === 2);
  expect(requestLines()).toMatchObject([{ outcome: 'model_error' }, { outcome: 'model_error', status: 200 }]);
}, 20_000);

test('speech: the service gets the key, the bucket the audio, the segment its key', async () => {
  const url = await start();
  const id = crypto.randomUUID();
  giveStory(id, 'una');
  const key = `audio/${id}/${SEGMENT}.mp3`;
  const response = await ask(`${url}/agent/tts`, { body: { session_id: id, segment_id: SEGMENT, voice: 'Alma' } });
  const body = (await response.json()) as { url: string };
  expect(body).toMatchObject({ key, content_type: 'audio/mpeg' });
  expect(body.url).toMatch(new RegExp(`^http://s3\\.example\\.test:9/images/${key}\\?.*X-Amz-Expires=3600`));
  expect(outside.calls.find(({ path }) => path === '/tts/v1/speech')!.headers['x-api-key']).toBe(KEY);
  expect(objects.get(key)).toEqual(MP3);
  expect(JSON.stringify(items.get(id))).toContain(`"audio_key":{"S":"${key}"}`);

  const wrong = await ask(`${url}/agent/tts`, { body: { session_id: id } });
  expect([wrong.status, await wrong.json()]).toMatchObject([
    400,
    { error: { code: 'validation_error', fields: [{ field: 'text' }] } },
  ]);
  outside.answer = () => ({ status: 400 });
  const failed = await ask(`${url}/agent/tts`, { body: { text: 'Hello' } });
  expect([failed.status, await failed.json()]).toMatchObject([502, { error: { code: 'tts_error' } }]);
  expect(output).not.toContain(KEY);
}, 20_000);

test('on SIGTERM: no new work, an open stream is finished, exit 0', async () => {
  let release = (_blocks: object[]) => undefined as void;
  replies = [new Promise<object[]>((resolve) => (release = resolve as typeof release))];
  const url = await start();
  const running = ask(`${url}/agent/chat`, { body: { message: 'hi' }, accept: 'text/event-stream' });
  await until(() => conversing.length > 0);
  const response = await running;
  const exited = once(child!, 'exit');
  child!.kill('SIGTERM');
  await until(() => output.includes('"draining"'));
  await expect(fetch(`${url}/health`, { headers: { connection: 'close' } })).rejects.toThrow();
  release([{ text: 'Good bye' }]);
  expect(events(await response.text()).at(-1)).toMatchObject({ event: 'done', data: { reply: 'Good bye' } });
  expect(await exited).toEqual([0, null]);
  expect(output).toContain('"abandoned":0');
}, 20_000);

test('a caller who leaves ends the work on the answer', async () => {
  replies = [new Promise<object[]>(() => undefined)];
  const url = await start();
  const leaving = new AbortController();
  const response = await fetch(`${url}/agent/chat`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await token()}`,
      accept: 'text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ message: 'hi' }),
    signal: leaving.signal,
  });
  await until(() => conversing.length > 0);
  leaving.abort();
  await expect(response.text()).rejects.toThrow();
  await until(() => requestLines().length > 0);
  await delay(100);
  expect(requestLines()).toMatchObject([{ outcome: 'gone' }]);
  expect(items.size).toBe(0);
}, 20_000);

test('without its variables it says which, and exits 1', async () => {
  await expect(start({ SESSIONS_TABLE: undefined, AWS_REGION: 'here' })).rejects.toThrow(
    /2 problems.*AWS_REGION.*SESSIONS_TABLE/,
  );
  expect(child!.exitCode).toBe(1);
}, 20_000);
