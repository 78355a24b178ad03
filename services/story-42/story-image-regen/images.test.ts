import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { StoryError } from '../common/errors';
import type { Segment, Session } from '../common/schemas';
import { newSession } from '../common/session';
import { PNG, startFunction, startWorld, type World } from '../common/test-support/world';
import type { ImageRequest } from './google-images';
import { imageAction, imagesAction } from './images';
import { promptOf } from './picture';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const segment = (text: string, more: Partial<Segment> = {}): Segment => ({
  segment_id: randomUUID(),
  index: 1,
  heading: 'H',
  text,
  image_prompt: `scene ${text}`,
  image_key: null,
  audio_key: null,
  revision: 1,
  ...more,
});
const create = (segments: Segment[]) =>
  world.store.create({ ...newSession({ ownerSub: 'me' }, new Date()), title: 'T', segments, status: 'complete' });
const broken = () => Promise.reject(new StoryError('image_provider_error', 'broken'));

function start(generate: (request: ImageRequest) => Promise<Buffer> = async () => PNG) {
  const context = { google: { generate }, store: world.store, objects: world.objects };
  return startFunction(world, 'story-image-regen', {
    'generate-story-image': imagesAction(context),
    'regenerate-segment-image': imageAction(context),
  });
}
const stored = (id: string): Promise<Session> => world.store.get(id, 'me');

test('draws what has no image yet, in order, at most three at a time', async () => {
  let now = 0;
  let most = 0;
  const { api } = start(async () => {
    now += 1;
    most = Math.max(most, now);
    await delay(20);
    now -= 1;
    return PNG;
  });
  const { session_id, segments } = await create(
    [...'abcdefg'].map((text) => segment(text, text === 'c' ? { image_key: 'old' } : {})),
  );
  const { status, body } = await api('POST', '/generate-story-image', { session_id });
  expect(status).toBe(200);
  const drawn = segments.filter(({ text }) => text !== 'c');
  expect(body.failed).toEqual([]);
  expect(body.images.map((image: { segment_id: string }) => image.segment_id)).toEqual(
    drawn.map((one) => one.segment_id),
  );
  expect(most).toBe(3);
  const after = await stored(session_id);
  for (const image of body.images) {
    expect(image).toMatchObject({ url: `https://objects.test/${image.key}`, content_type: 'image/png' });
    expect(image.key).toMatch(new RegExp(`^images/${session_id}/${image.segment_id}/\\d+\\.png$`));
    expect(world.objects.stored.get(image.key)).toEqual(PNG);
    expect(after.segments.find((one) => one.segment_id === image.segment_id)!.image_key).toBe(image.key);
  }
  expect(after.segments.map(({ text }) => text)).toEqual([...'abcdefg']);
});

test('a story with all its images needs none', async () => {
  const { session_id } = await create([segment('a', { image_key: 'old' })]);
  expect(await start(broken).api('POST', '/generate-story-image', { session_id })).toMatchObject({
    status: 200,
    body: { images: [], failed: [] },
  });
});

test('a new image has a new key, names the previous one and leaves its object; text changed meanwhile stays', async () => {
  const { api } = start(async () => {
    await world.store.change(session_id, 'me', (session) => ({
      ...session,
      segments: session.segments.map((one) => ({ ...one, text: 'changed' })),
    }));
    return PNG;
  });
  world.objects.stored.set('images/old.png', PNG);
  const { session_id, segments } = await create([segment('a', { image_key: 'images/old.png' }), segment('b')]);
  const { segment_id } = segments[0]!;
  const { status, body } = await api('POST', '/regenerate-segment-image', {
    session_id,
    segment_id,
    instruction: 'blue',
  });
  expect(status).toBe(200);
  expect(body.previous_key).toBe('images/old.png');
  expect(body.image.key).not.toBe(body.previous_key);
  expect(world.objects.stored.has('images/old.png')).toBe(true);
  expect((await stored(session_id)).segments).toMatchObject([
    { text: 'changed', image_key: body.image.key },
    { text: 'changed', image_key: null },
  ]);
});

test('the same segment twice at once gives two objects', async () => {
  const { api } = start();
  const { session_id, segments } = await create([segment('a')]);
  const asked = { session_id, segment_id: segments[0]!.segment_id };
  const answers = await Promise.all([1, 2].map(() => api('POST', '/regenerate-segment-image', asked)));
  const [one, two] = answers.map(({ body }) => body.image.key as string);
  expect(one).not.toBe(two);
  expect(world.objects.stored.size).toBe(2);
});

test('each failed segment is told; when all fail it is 502, when the time is up 504', async () => {
  const { session_id, segments } = await create([segment('good'), segment('bad')]);
  const some = start(({ prompt }) => (prompt.includes('bad') ? broken() : Promise.resolve(PNG)));
  const { body } = await some.api('POST', '/generate-story-image', { session_id });
  expect(body.images).toHaveLength(1);
  expect(body.failed).toEqual([
    { segment_id: segments[1]!.segment_id, code: 'image_provider_error', message: 'broken' },
  ]);
  expect(await start(broken).api('POST', '/generate-story-image', { session_id })).toMatchObject({
    status: 502,
    body: { error: { code: 'image_provider_error' } },
  });
  const hanging = start(
    ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  );
  expect(await hanging.api('POST', '/generate-story-image', { session_id }, {}, 7_050)).toMatchObject({
    status: 504,
    body: { error: { code: 'timeout' } },
  });
});

test('unknown and foreign are 404, a session without a story 409', async () => {
  const { api } = start();
  const { session_id, segments } = await create([segment('a')]);
  const { segment_id } = segments[0]!;
  expect(
    (await api('POST', '/generate-story-image', { session_id, segment_ids: [randomUUID()] })).body.error.code,
  ).toBe('segment_not_found');
  expect(
    (await api('POST', '/regenerate-segment-image', { session_id, segment_id: randomUUID() })).body.error.code,
  ).toBe('segment_not_found');
  for (const path of ['/generate-story-image', '/regenerate-segment-image']) {
    const asked = { session_id, ...(path.startsWith('/re') && { segment_id }) };
    expect((await api('POST', path, asked, { sub: 'you' })).body.error.code).toBe('session_not_found');
  }
  const empty = await create([]);
  expect((await api('POST', '/generate-story-image', { session_id: empty.session_id })).status).toBe(409);
});

test('a session that is deleted meanwhile leaves no image behind', async () => {
  const { session_id, segments } = await create([segment('a')]);
  const put = world.objects.put;
  world.objects.put = async (key, body) => {
    await put(key, body);
    await world.store.delete(session_id, 'me');
  };
  const answer = await start().api('POST', '/regenerate-segment-image', {
    session_id,
    segment_id: segments[0]!.segment_id,
  });
  expect(answer.status).toBe(404);
  expect(world.objects.stored.size).toBe(0);
});

test('a background job keeps what failed, and fails when all did', async () => {
  const { session_id } = await create([segment('good'), segment('bad')]);
  const some = start(({ prompt }) => (prompt.includes('bad') ? broken() : Promise.resolve(PNG)));
  expect((await some.api('POST', '/generate-story-image', { session_id, async: true })).status).toBe(202);
  expect((await some.api('POST', '/generate-story-image', { session_id, async: true })).status).toBe(409);
  await some.runJobs();
  expect(await stored(session_id)).toMatchObject({
    status: 'complete',
    job: { status: 'complete', failed: [{ message: 'broken' }] },
  });
  const none = start(broken);
  await none.api('POST', '/generate-story-image', { session_id, async: true });
  await none.runJobs();
  expect(await stored(session_id)).toMatchObject({
    status: 'failed',
    job: { status: 'failed', error: { code: 'image_provider_error' } },
  });
});

test('the prompt tells scene, style, wish and readers', () => {
  const session = { ...newSession({ ownerSub: 'me', audience: 'children' }, new Date()), title: 'T' };
  const prompt = promptOf(session, segment('a'), { style: 'ink', instruction: 'at night', size: '1024x1024' });
  for (const part of ['"T"', 'children', 'ink', 'at night', 'scene a']) expect(prompt).toContain(part);
  expect(promptOf(session, segment('a', { image_prompt: ' ' }), { size: '1024x1024' })).toContain('H. a');
});
