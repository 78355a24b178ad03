import type { Action } from './actions';
import { StoryError } from './errors';
import type { RequestOf } from './schemas';
import { startFunction, startWorld, type World } from './test-support/world';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

type Input = RequestOf<'generate-topics-ideas'>;
function start(run: Action<Input>['run'] = async () => ({ topics: [] }), options: object = {}) {
  return startFunction(world, 'story-text-regen', { 'generate-topics-ideas': { run } }, options);
}
const path = '/generate-topics-ideas';

test.each(['[author]', ['admin'], 'author,x'])('group %j is let in', async (groups) => {
  expect((await start().api('POST', path, {}, { groups })).status).toBe(200);
});

test.each(['[reader]', [], null, 'x'])('group %j is not, whatever the body', async (groups) => {
  const { status, body } = await start().api('POST', path, undefined, { groups, raw: { body: '{' } });
  expect([status, body.error.code]).toEqual([403, 'forbidden']);
});

test.each([
  ['not JSON', { raw: { body: '{' } }, 'is not valid JSON'],
  ['a list', { raw: { body: '[]' } }, 'must be a JSON object'],
  ['nothing', { raw: { body: '' } }, 'is empty; a JSON object is expected'],
  [
    'another type',
    { raw: { body: '{}' }, headers: { 'content-type': 'text/plain' } },
    'must be JSON, sent with content-type: application/json',
  ],
  ['too much', { raw: { body: JSON.stringify({ theme: 'x'.repeat(200_000) }) } }, 'must have at most 200000 bytes'],
  ['bytes that are no text', { raw: { body: '/w==', isBase64Encoded: true } }, 'is not valid JSON'],
])('%s as body is refused', async (_what, caller, message) => {
  const { status, body } = await start().api('POST', path, undefined, caller);
  expect(status).toBe(400);
  expect(body.error).toEqual({
    code: 'validation_error',
    message: `body: ${message}`,
    request_id: 'request',
    fields: [{ field: 'body', message }],
  });
});

test('a body in base64 and other ways to write its type are taken', async () => {
  const seen: Input[] = [];
  const { api } = start(async ({ input }) => {
    seen.push(input);
    return { topics: [] };
  });
  const body = Buffer.from('{"count":2}').toString('base64');
  await api('POST', path, undefined, {
    raw: { body, isBase64Encoded: true },
    headers: { 'CONTENT-TYPE': 'Application/JSON; charset=utf-8' },
  });
  await api('POST', path, {}, { headers: {} });
  expect(seen).toEqual([
    { count: 2, language: 'en', async: false },
    { count: 5, language: 'en', async: false },
  ]);
});

test('every problem of a body is told at once, by field and without values', async () => {
  const { body } = await start().api('POST', path, { count: 21, theme: ' ', language: 'hunter2!', extra: 1 });
  expect(body.error.fields.map(({ field }: { field: string }) => field).sort()).toEqual([
    'count',
    'extra',
    'language',
    'theme',
  ]);
  expect(JSON.stringify(body)).not.toContain('hunter2');
});

test('what no route is for is refused', async () => {
  expect((await start().api('GET', path)).status).toBe(403);
  expect((await start().api('POST', '/sessions', {})).status).toBe(403);
});

test('an action that does not heed its signal is cut off, below the time of the API', async () => {
  const { api } = start(() => new Promise(() => undefined), { restMilliseconds: 20 });
  expect(await api('POST', path, {})).toMatchObject({ status: 504, body: { error: { code: 'timeout' } } });
});

test('a job that cannot be started fails at once and says why', async () => {
  const { api } = start(undefined, { invokeSelf: () => Promise.reject(new StoryError('throttled', 'too many')) });
  expect((await api('POST', path, { async: true })).status).toBe(429);
  const { sessions } = await world.store.list('me', 1);
  expect(sessions[0]!.status).toBe('failed');
});

test('an invocation that comes twice runs once; one for a deleted session runs not at all', async () => {
  let runs = 0;
  const { api, jobs, direct } = start(async () => {
    runs += 1;
    return { topics: [] };
  });
  const { body } = await api('POST', path, { async: true });
  const [job] = jobs;
  expect((await direct(job)).body).toMatchObject({ status: 'complete' });
  expect((await direct(job)).body).toMatchObject({ status: 'skipped' });
  await world.store.delete(body.session_id, 'me');
  expect((await direct(job)).statusCode).toBe(404);
  expect(runs).toBe(1);
});

test('one log line a request, with what operators look for and nothing that authors wrote', async () => {
  const { api, lines } = start(async () => ({ session_id: 'a-session', topics: [] }));
  await api('POST', path, { theme: 'my secret theme' });
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.any(String),
      service: 'story-text-regen',
      version: '1',
      msg: 'request',
      request_id: 'request',
      route: `POST ${path}`,
      session_id: 'a-session',
      duration_ms: expect.any(Number),
      outcome: 'ok',
      status: 200,
    },
  ]);
});
