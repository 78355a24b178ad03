import { randomUUID } from 'node:crypto';
import type { Segment } from '../common/schemas';
import { newSession } from '../common/session';
import { startFunction, startWorld, type World } from '../common/test-support/world';
import { deleteAction, getAction, listAction, putAction } from './sessions';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const segment = (text: string): Segment => ({
  segment_id: randomUUID(),
  index: 1,
  heading: 'H',
  text,
  image_prompt: 'p',
  image_key: `images/${text}.png`,
  audio_key: `audio/${text}.mp3`,
  revision: 1,
});
const create = (more = {}) =>
  world.store.create({
    ...newSession({ ownerSub: 'me' }, new Date()),
    title: 'T',
    segments: [segment('a'), segment('b')],
    ...more,
  });
const start = () => {
  const { store, objects } = world;
  const context = { store, objects };
  return startFunction(world, 'data-ops', {
    'list-sessions': listAction(context),
    'get-session': getAction(context),
    'put-session': putAction(context),
    'delete-session': deleteAction(context),
  });
};

test('one session, with URLs for what can be seen and heard', async () => {
  const { session_id } = await create();
  const { status, body, headers } = await start().api('GET', `/sessions/${session_id}`);
  expect(status).toBe(200);
  expect(body.segments[0]).toMatchObject({
    text: 'a',
    image_url: 'https://objects.test/images/a.png',
    audio_url: 'https://objects.test/audio/a.mp3',
  });
  expect(body).not.toHaveProperty('text_key');
  expect(headers).toMatchObject({
    'x-story-version': '1.r',
    'x-request-id': 'request',
    'access-control-allow-origin': '*',
  });
});

test('lists pages of own sessions', async () => {
  await create({ title: 'one' });
  await create({ title: 'two' });
  const { api } = start();
  const { body } = await api('GET', '/sessions?limit=1');
  expect(body.sessions).toHaveLength(1);
  const next = await api('GET', `/sessions?limit=1&cursor=${body.next_cursor}`);
  expect(next.body).toMatchObject({ sessions: [{ segment_count: 2, status: 'draft' }], next_cursor: null });
  expect((await api('GET', '/sessions', undefined, { sub: 'you' })).body.sessions).toEqual([]);
});

test.each(['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'cursor=%7B%7D', 'page=2'])(
  'a list with ?%s is refused',
  async (query) => {
    const { status, body } = await start().api('GET', `/sessions?${query}`);
    expect(status).toBe(400);
    expect(body.error.fields).toEqual([{ field: query.split('=')[0], message: expect.any(String) }]);
  },
);

test('an edit changes what it names, raises those revisions and writes the story file', async () => {
  const { session_id, segments } = await create({ story_key: 'stories/x' });
  const { api } = start();
  const { body: read } = await api('GET', `/sessions/${session_id}`);
  const [first, second] = read.segments;
  const edit = { revision: read.revision, title: 'New', segments: [{ ...first, text: 'edited' }, second] };
  const { status, body } = await api('PUT', `/sessions/${session_id}`, edit);
  expect(status).toBe(200);
  expect(body).toMatchObject({ title: 'New', revision: 2, status: 'complete' });
  expect(body.segments[0]).toMatchObject({ text: 'edited', revision: 2, audio_key: null, image_key: first.image_key });
  expect(body.segments[1]).toMatchObject({ ...segments[1] });
  expect(String(world.objects.stored.get(`stories/${session_id}/story.json`))).toContain('edited');
});

test('a stale edit is 409, an unknown segment 404, a bad body 400; nothing is saved', async () => {
  const { session_id, segments } = await create();
  const { api } = start();
  const put = (body: unknown) => api('PUT', `/sessions/${session_id}`, body);
  const { segment_id } = segments[0]!;
  expect((await put({ revision: 7, title: 'x' })).body.error.code).toBe('conflict');
  expect((await put({ revision: 1, segments: [{ segment_id: randomUUID(), text: 'x' }] })).body.error.code).toBe(
    'segment_not_found',
  );
  for (const body of [
    {},
    { revision: 1 },
    { title: 'x' },
    { revision: 1, title: ' ' },
    { revision: 1, segments: [{ segment_id, text: '' }] },
    { revision: 1, segments: [{ segment_id }, { segment_id }] },
    { revision: 1, title: 'x', owner_sub: 'you' },
  ]) {
    expect((await put(body)).status).toBe(400);
  }
  expect((await world.store.get(session_id, 'me')).revision).toBe(1);
});

test('deleting takes all objects along, and may be repeated', async () => {
  const { session_id } = await create();
  for (const key of ['stories/*/story.json', 'images/*/s/1.png', 'audio/*/s.mp3'])
    world.objects.stored.set(key.replace('*', session_id), 'x');
  world.objects.stored.set('images/other/s/1.png', 'x');
  const { api } = start();
  expect(await api('DELETE', `/sessions/${session_id}`)).toMatchObject({ status: 204, body: null });
  expect([...world.objects.stored.keys()]).toEqual(['images/other/s/1.png']);
  expect((await api('GET', `/sessions/${session_id}`)).status).toBe(404);
  expect((await api('DELETE', `/sessions/${session_id}`)).status).toBe(204);
});

test('when the objects cannot be deleted the session stays, to be deleted again', async () => {
  const { session_id } = await create();
  const { deleteAll } = world.objects;
  world.objects.deleteAll = () => Promise.reject(new Error('S3 is down'));
  expect((await start().api('DELETE', `/sessions/${session_id}`)).status).toBe(500);
  world.objects.deleteAll = deleteAll;
  expect((await start().api('DELETE', `/sessions/${session_id}`)).status).toBe(204);
});

test("somebody else's session is 404 for get, put and delete", async () => {
  const { session_id } = await create();
  const { api } = start();
  const ask = (method: string, body?: unknown) => api(method, `/sessions/${session_id}`, body, { sub: 'you' });
  for (const answer of [await ask('GET'), await ask('PUT', { revision: 1, title: 'x' }), await ask('DELETE')]) {
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'session_not_found' } } });
  }
  expect(await world.store.get(session_id, 'me')).toBeDefined();
  expect((await api('GET', '/sessions/none')).status).toBe(400);
});

test('a job that died without a word reads as failed after its deadline, in the list, too', async () => {
  const at = new Date().toISOString();
  const job = {
    job_id: randomUUID(),
    action: 'generate-story',
    status: 'pending',
    created_at: at,
    started_at: at,
    finished_at: null,
    deadline: new Date(Date.now() + 60_000).toISOString(),
    error: null,
  } as const;
  const { session_id } = await create({ status: 'pending', job });
  const { api } = start();
  expect((await api('GET', `/sessions/${session_id}`)).body.status).toBe('pending');
  world.clock.time = new Date(Date.now() + 61_000);
  expect((await api('GET', `/sessions/${session_id}`)).body).toMatchObject({
    status: 'failed',
    error: { code: 'timeout' },
    job: { status: 'failed' },
  });
  expect((await api('GET', '/sessions')).body.sessions[0].status).toBe('failed');
});

test('the same by direct invocation', async () => {
  const { session_id } = await create();
  const { direct } = start();
  const principal = { sub: 'me', groups: ['author'] };
  const ask = (action: string, body: unknown, as: unknown = principal) => direct({ action, body, principal: as });
  expect(await ask('get-session', { session_id })).toMatchObject({
    statusCode: 200,
    body: { session_id, version: '1.r' },
  });
  expect((await ask('put-session', { session_id, revision: 1, title: 'New' })).body).toMatchObject({
    title: 'New',
    revision: 2,
  });
  expect((await ask('list-sessions', { limit: 5 })).body).toMatchObject({ sessions: [{ title: 'New' }] });
  expect((await ask('get-session', { session_id }, { sub: 'you', groups: ['author'] })).statusCode).toBe(404);
  expect((await ask('get-session', { session_id }, { sub: 'me', groups: [] })).statusCode).toBe(403);
  expect((await ask('get-session', { session_id, more: 1 })).statusCode).toBe(400);
  expect((await ask('generate-story', {})).statusCode).toBe(400);
  expect((await direct('nonsense')).statusCode).toBe(400);
  expect(await ask('delete-session', { session_id })).toEqual({ statusCode: 204, body: null });
});
