import { HttpClient } from '../../../common/http-client';
import { startHttpStandIn, type HttpStandIn, type StandInCall } from '../../../common/test-support/http-stand-in';
import type { Session } from '../../common/schemas';
import { newSession } from '../../common/session';
import { Turn } from '../agent/turn';
import { storyApi } from './story-api';

const ID = '6f6c1f5e-8a40-4f0b-9d6b-0f7f4b0f5a11';
const OTHER = '0b8a2a5e-1c3d-4e5f-8a9b-0c1d2e3f4a5b';
const JOB = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const at = '2026-11-21T10:00:00.000Z';

let api: HttpStandIn;
let created: Session[];
let turn: Turn;
beforeEach(async () => {
  api = await startHttpStandIn();
  created = [];
  const sessions = {
    now: () => new Date(at),
    create: async (session: Session) => {
      created.push(session);
      return session;
    },
  };
  const caller = { principal: { sub: 'una', groups: ['author'] }, token: 'to.ke.n' };
  turn = new Turn({ caller, sessionId: ID, hasStory: false, sessions });
});
afterEach(() => api.close());

const run = (input: Record<string, unknown>) => {
  const client = new HttpClient({ baseUrl: `${api.url}/dev`, backoffMilliseconds: 1 });
  return storyApi({ client })
    .bind(turn)
    .run(input as never, AbortSignal.timeout(5_000));
};
const session = (changes: Partial<Session> = {}): Session => ({
  ...newSession({ sessionId: ID, ownerSub: 'una' }, new Date(at)),
  revision: 3,
  ...changes,
});
const job = (status: 'pending' | 'complete' | 'failed', error: Session['error'] = null): Session['job'] => ({
  job_id: JOB,
  action: 'generate-story',
  status,
  created_at: at,
  started_at: at,
  finished_at: null,
  deadline: at,
  error,
});
const bodyOf = ({ body }: StandInCall) => JSON.parse(body) as Record<string, unknown>;

test('what takes long is started in the background, in the session of the conversation, and followed', async () => {
  let polls = 0;
  api.answer = ({ method }) => {
    if (method === 'POST') return { status: 202, body: { session_id: ID, job_id: JOB, status: 'pending' } };
    polls += 1;
    return { body: session(polls === 1 ? { job: job('pending') } : { job: job('complete'), title: 'Kelp' }) };
  };
  expect(await run({ route: 'POST /generate-story', body: { topic: 'otters' } })).toMatchObject({ title: 'Kelp' });
  expect(created).toMatchObject([{ session_id: ID, owner_sub: 'una', status: 'draft' }]);
  expect(api.calls[0]).toMatchObject({ method: 'POST', path: '/dev/generate-story' });
  expect(api.calls[0]!.headers.authorization).toBe('to.ke.n');
  expect(bodyOf(api.calls[0]!)).toEqual({ topic: 'otters', session_id: ID, async: true });
  expect(api.calls.slice(1).map(({ path }) => path)).toEqual([`/dev/sessions/${ID}`, `/dev/sessions/${ID}`]);
  expect(turn.changed).toBe(ID);
});

test('a job that failed says why', async () => {
  api.answer = ({ method }) =>
    method === 'POST'
      ? { status: 202, body: { session_id: ID, job_id: JOB, status: 'pending' } }
      : { body: session({ status: 'failed', job: job('failed', { code: 'model_error', message: 'no words' }) }) };
  await expect(run({ route: 'POST /generate-story', body: { topic: 'x' } })).rejects.toThrow('model_error: no words');
  expect(turn.changed).toBeUndefined();
});

test('topic ideas make no story of the conversation', async () => {
  const topics = [{ id: '1', title: 'T', summary: 'S' }];
  api.answer = ({ method }) =>
    method === 'POST'
      ? { status: 202, body: { session_id: OTHER, job_id: JOB, status: 'pending' } }
      : { body: session({ session_id: OTHER, topics, job: job('complete') }) };
  expect(await run({ route: 'POST /generate-topics-ideas', body: { theme: 'sea' } })).toEqual({ topics });
  expect(bodyOf(api.calls[0]!)).toEqual({ theme: 'sea', async: true });
  expect(created).toEqual([]);
  expect(turn.changed).toBeUndefined();
});

test('a session that is named is used as it is', async () => {
  api.answer = ({ method }) =>
    method === 'POST'
      ? { status: 202, body: { session_id: OTHER, job_id: JOB, status: 'pending' } }
      : { body: session({ session_id: OTHER, job: job('complete') }) };
  await run({ route: 'POST /generate-story-outline', body: { topic: 'x', session_id: OTHER } });
  expect(created).toEqual([]);
  expect(turn.changed).toBe(OTHER);
});

test('lists, reads and edits', async () => {
  api.answer = ({ path }) => (path.includes('?') ? { body: { sessions: [], next_cursor: null } } : { body: session() });
  expect(await run({ route: 'GET /sessions', query: { limit: 5 } })).toEqual({ sessions: [], next_cursor: null });
  expect(await run({ route: 'GET /sessions/{session_id}' })).toMatchObject({ session_id: ID, revision: 3 });
  await run({ route: 'PUT /sessions/{session_id}', session_id: OTHER, body: { revision: 3, title: 'New' } });
  expect(api.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /dev/sessions?limit=5',
    `GET /dev/sessions/${ID}`,
    `PUT /dev/sessions/${OTHER}`,
  ]);
  expect(turn.changed).toBe(OTHER);
});

test('a refusal reaches the model in the API’s own words', async () => {
  const error = { code: 'session_not_found', message: 'there is no session', request_id: 'r' };
  api.answer = () => ({ status: 404, body: { error } });
  await expect(run({ route: 'GET /sessions/{session_id}' })).rejects.toThrow('session_not_found: there is no session');
});

test('what may have been done is not done twice', async () => {
  api.answer = () => ({ status: 503 });
  await expect(run({ route: 'POST /generate-story', body: { topic: 'x' } })).rejects.toThrow('HTTP 503');
  expect(api.calls).toHaveLength(1);
});

test.each([
  [{ route: 'DELETE /sessions/{session_id}' }],
  [{ route: 'GET /admin' }],
  [{ route: 'GET /sessions/{session_id}', session_id: '../x' }],
])('%j is not offered', async (input) => {
  await expect(run(input)).rejects.toMatchObject({ name: 'ToolError' });
  expect(api.calls).toEqual([]);
});

test('the model is told of every route but the deleting one, with its fields', () => {
  const client = new HttpClient({ baseUrl: api.url });
  const { description, parameters } = storyApi({ client }).bind(turn);
  expect(description).toContain('POST /generate-story: A complete story (topic, outline, session_id');
  expect(description).not.toContain('DELETE');
  expect(parameters).toMatchObject({ type: 'object', required: ['route'], additionalProperties: false });
});
