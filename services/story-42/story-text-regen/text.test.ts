import { randomUUID } from 'node:crypto';
import { ModelError, ThrottledError } from '../../common/bedrock/errors';
import { ScriptedAIProvider, type Script } from '../../common/test-support/scripted-ai-provider';
import type { DirectCall } from '../common/invoker';
import type { Segment } from '../common/schemas';
import { startFunction, startWorld, type World } from '../common/test-support/world';
import type { TextContext } from './context';
import { outlineAction } from './outline';
import { segmentAction } from './segment';
import { storyAction } from './story';
import { topicsAction } from './topics';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const json = (value: unknown) => ({ text: JSON.stringify(value) });
const outline = (count: number) => ({
  title: 'The Whale',
  summary: 'S',
  segments: Array.from({ length: count }, (_, at) => ({ heading: `H${at}`, synopsis: `S${at}` })),
});
const story = (count: number, from = 0) => ({
  title: 'The Whale',
  segments: Array.from({ length: count }, (_, at) => ({
    heading: `H${from + at}`,
    text: `Text ${from + at}`,
    image_prompt: 'p',
  })),
});

function start(
  script: Script,
  invoke: TextContext['invoker']['call'] = async () => ({ statusCode: 200, body: { failed: [] } }),
) {
  const ai = new ScriptedAIProvider(script);
  const { store, objects } = world;
  const context: TextContext = {
    model: { ai, modelId: 'm' },
    store,
    objects,
    invoker: { call: invoke },
    imageFunctionName: 'images',
  };
  const text = startFunction(world, 'story-text-regen', {
    'generate-topics-ideas': topicsAction(context),
    'generate-story-outline': outlineAction(context),
    'generate-story': storyAction(context),
    'regenerate-segment': segmentAction(context),
  });
  return { ...text, ai };
}
const stored = async (id: string) => world.store.get(id, 'me');

test('topics: as many as asked for, kept on a new session', async () => {
  const { api } = start([json({ topics: [{ title: 'A', summary: 'a' }, { title: 'B' }, { title: 'C' }] })]);
  const { status, body } = await api('POST', '/generate-topics-ideas', { theme: 'sea', count: 2 });
  expect(status).toBe(200);
  expect(body.topics).toEqual([
    { id: 'topic-1', title: 'A', summary: 'a' },
    { id: 'topic-2', title: 'B', summary: '' },
  ]);
  expect(await stored(body.session_id)).toMatchObject({
    topics: body.topics,
    status: 'draft',
    topic: 'sea',
    model_id: 'm',
  });
});

test('topics in plain text become ideas line by line', async () => {
  const { api, ai } = start([{ text: '1. Ant: a' }, { text: '1. Ant: a\n2. Bee' }]);
  const { body } = await api('POST', '/generate-topics-ideas', {});
  expect(body.topics.map(({ title }: { title: string }) => title)).toEqual(['Ant', 'Bee']);
  expect(ai.requests).toHaveLength(2);
});

test('outline, then the story from it, and both are stored', async () => {
  const { api, ai } = start([json(outline(2)), json(story(2))]);
  const { body: planned } = await api('POST', '/generate-story-outline', {
    topic: 'whales',
    segment_count: 2,
    audience: 'all',
  });
  expect(planned.outline.segments).toEqual([
    { index: 1, heading: 'H0', synopsis: 'S0' },
    { index: 2, heading: 'H1', synopsis: 'S1' },
  ]);
  const { status, body } = await api('POST', '/generate-story', { session_id: planned.session_id });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    session_id: planned.session_id,
    status: 'complete',
    story_key: `stories/${planned.session_id}/story.json`,
    model_id: 'm',
    usage: { input_tokens: 10, output_tokens: 5 },
    version: '1.r',
  });
  expect(body.story.segments.map(({ text, index, revision }: Segment) => [index, text, revision])).toEqual([
    [1, 'Text 0', 1],
    [2, 'Text 1', 1],
  ]);
  expect(JSON.stringify(ai.requests[1])).toContain('S1');
  expect(await stored(planned.session_id)).toMatchObject({
    status: 'complete',
    revision: 2,
    usage: { input_tokens: 20, output_tokens: 10 },
  });
  expect(JSON.parse(String(world.objects.stored.get(body.story_key)))).toMatchObject({
    title: 'The Whale',
    segments: [{ text: 'Text 0' }, { text: 'Text 1' }],
  });
});

test('one repair, with the reason, then the better answer; usage is summed', async () => {
  const { api, ai } = start([json({ title: 'x', segments: [] }), json(story(2))]);
  const { body } = await api('POST', '/generate-story', { topic: 't', segment_count: 2 });
  expect(body.story.segments).toHaveLength(2);
  expect(body.usage).toEqual({ input_tokens: 20, output_tokens: 10 });
  expect(ai.requests[1]!.messages).toHaveLength(3);
  expect(JSON.stringify(ai.requests[1]!.messages[2])).toContain('segments');
});

test('plain text twice: a segment a paragraph, nothing lost', async () => {
  const { api, ai } = start([{ text: 'A tale.' }, { text: 'One.\n\nTwo.\n\nThree.' }]);
  const { status, body } = await api('POST', '/generate-story', { topic: 'crabs' });
  expect(status).toBe(200);
  expect(body.story.title).toBe('crabs');
  expect(body.story.segments.map(({ text }: Segment) => text)).toEqual(['One.', 'Two.', 'Three.']);
  expect(ai.requests).toHaveLength(2);
});

test('plain text, and the repair fails: the first answer is kept', async () => {
  const { api } = start([{ text: 'One.\n\nTwo.' }, new ThrottledError('busy')]);
  const { body } = await api('POST', '/generate-story', { topic: 'crabs' });
  expect(body.story.segments.map(({ text }: Segment) => text)).toEqual(['One.', 'Two.']);
});

test('a blank answer is a model error', async () => {
  const { api } = start([{ text: ' ' }, { text: '' }]);
  expect(await api('POST', '/generate-story', { topic: 'x' })).toMatchObject({
    status: 502,
    body: { error: { code: 'model_error' } },
  });
});

test('a long story is planned, then written in parts that know what came before', async () => {
  const { api, ai } = start([json(outline(5)), json(story(3)), json(story(2, 3))]);
  const { body } = await api('POST', '/generate-story', { topic: 'long', words_per_segment: 400 });
  expect(body.story.segments.map(({ text }: Segment) => text)).toEqual([0, 1, 2, 3, 4].map((at) => `Text ${at}`));
  expect(JSON.stringify(ai.requests[2])).toContain('Text 2');
  expect(body.usage).toEqual({ input_tokens: 30, output_tokens: 15 });
});

test('a session without an outline is refused before anything is asked', async () => {
  const { api, ai } = start([json({ topics: [{ title: 'A', summary: '' }] })]);
  const { body } = await api('POST', '/generate-topics-ideas', { count: 1 });
  for (const more of [{}, { async: true }]) {
    const answer = await api('POST', '/generate-story', { session_id: body.session_id, ...more });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
  }
  expect(ai.requests).toHaveLength(1);
});

test('another segment text changes that segment alone and raises both revisions', async () => {
  const { api } = start([json(story(3)), json({ heading: 'N', text: 'New', image_prompt: 'np' })]);
  const { body: before } = await api('POST', '/generate-story', { topic: 't', segment_count: 3 });
  const [first, second, third] = before.story.segments;
  const asked = { session_id: before.session_id, segment_id: second.segment_id, instruction: 'shorter' };
  const { status, body } = await api('POST', '/regenerate-segment', asked);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    session_id: before.session_id,
    revision: 2,
    segment: { ...second, heading: 'N', text: 'New', image_prompt: 'np', revision: 2 },
  });
  expect((await stored(before.session_id)).segments).toEqual([first, body.segment, third]);
  expect(String(world.objects.stored.get(before.story_key))).toContain('"New"');
});

test('a segment that is written anew while its image arrives keeps both; while its text changes, it is a conflict', async () => {
  let meanwhile: (segment: Segment) => Partial<Segment> = () => ({});
  let id = '';
  const { api } = start(async (_request, call) => {
    if (call === 0) return json(story(2));
    await world.store.change(id, 'me', (session) => ({
      ...session,
      segments: session.segments.map((segment) => ({
        ...segment,
        ...meanwhile(segment),
        revision: segment.revision + 1,
      })),
    }));
    return json({ text: 'New' });
  });
  const { body } = await api('POST', '/generate-story', { topic: 't', segment_count: 2 });
  id = body.session_id;
  const asked = { session_id: id, segment_id: body.story.segments[0].segment_id };
  meanwhile = () => ({ image_key: 'images/x.png' });
  const first = await api('POST', '/regenerate-segment', asked);
  expect(first.body.segment).toMatchObject({ text: 'New', image_key: 'images/x.png', revision: 3 });
  meanwhile = () => ({ text: 'by hand' });
  expect(await api('POST', '/regenerate-segment', asked)).toMatchObject({
    status: 409,
    body: { error: { code: 'conflict' } },
  });
});

test('unknown and foreign sessions and segments are 404, also in the background', async () => {
  const { api } = start([json(story(1))]);
  const { body } = await api('POST', '/generate-story', { topic: 't', segment_count: 1 });
  const { session_id } = body;
  const { segment_id } = body.story.segments[0];
  for (const more of [{}, { async: true }]) {
    const ask = (asked: object, sub = 'me') => api('POST', '/regenerate-segment', { ...asked, ...more }, { sub });
    expect(await ask({ session_id, segment_id: randomUUID() })).toMatchObject({
      status: 404,
      body: { error: { code: 'segment_not_found' } },
    });
    expect(await ask({ session_id: randomUUID(), segment_id })).toMatchObject({
      status: 404,
      body: { error: { code: 'session_not_found' } },
    });
    expect(await ask({ session_id, segment_id }, 'you')).toMatchObject({
      status: 404,
      body: { error: { code: 'session_not_found' } },
    });
  }
});

test('with_images calls the image function for the caller, and tells what has no image', async () => {
  const calls: [string, DirectCall][] = [];
  const failed = [{ segment_id: randomUUID(), code: 'image_provider_error', message: 'no' }];
  const { api } = start([json(story(1))], async (name, call) => {
    calls.push([name, call]);
    return { statusCode: 200, body: { failed } };
  });
  const { body } = await api('POST', '/generate-story', { topic: 't', segment_count: 1, with_images: true });
  expect(calls).toEqual([
    [
      'images',
      {
        action: 'generate-story-image',
        body: { session_id: body.session_id },
        principal: { sub: 'me', groups: ['author'] },
      },
    ],
  ]);
  expect(body).toMatchObject({ status: 'complete', failed });
});

test('a story whose images fail is still answered', async () => {
  const { api } = start([json(story(1))], async () => ({
    statusCode: 502,
    body: { error: { code: 'image_provider_error', message: 'none', request_id: 'r' } },
  }));
  const { status, body } = await api('POST', '/generate-story', { topic: 't', segment_count: 1, with_images: true });
  expect(status).toBe(200);
  expect(body.failed).toEqual([
    { segment_id: body.story.segments[0].segment_id, code: 'image_provider_error', message: 'none' },
  ]);
});

test.each([
  [new ThrottledError('busy'), 429, 'throttled'],
  [new ModelError('broken'), 502, 'model_error'],
  [new TypeError('secret detail'), 500, 'internal'],
])('%s becomes %d', async (error, status, code) => {
  const { api, lines } = start([error]);
  const answer = await api('POST', '/generate-story', { topic: 't' });
  expect(answer).toMatchObject({ status, body: { error: { code, request_id: 'request' } } });
  expect(JSON.stringify(answer.body)).not.toMatch(/secret|\.ts:/);
  expect(lines).toMatchObject([{ outcome: code, status, route: 'POST /generate-story', request_id: 'request' }]);
});

const hang: Script = (request) =>
  new Promise((_resolve, reject) =>
    request.signal!.addEventListener('abort', () => reject(request.signal!.reason as Error)),
  );

test('when the time is up the answer is 504 and the session has failed, new or not', async () => {
  const { api } = start(hang);
  const answer = await api('POST', '/generate-story', { topic: 'slow' }, {}, 5_050);
  expect(answer).toMatchObject({ status: 504, body: { error: { code: 'timeout' } } });
  const { sessions } = await world.store.list('me', 10);
  expect(sessions).toMatchObject([{ topic: 'slow', status: 'failed' }]);
  const { api: other } = start(hang);
  const again = await other(
    'POST',
    '/generate-story-outline',
    { topic: 'x', session_id: sessions[0]!.session_id },
    {},
    5_050,
  );
  expect(again.status).toBe(504);
  expect(await stored(sessions[0]!.session_id)).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
});

test('in the background: pending at once, then complete; the log has no text of the story', async () => {
  const { api, runJobs, lines } = start([json(story(2))]);
  const { status, body } = await api('POST', '/generate-story', { topic: 'bg', segment_count: 2, async: true });
  expect(status).toBe(202);
  expect(body).toEqual({
    session_id: expect.any(String),
    job_id: expect.any(String),
    status: 'pending',
    version: '1.r',
  });
  expect(await stored(body.session_id)).toMatchObject({
    status: 'pending',
    topic: 'bg',
    job: { status: 'pending', started_at: null },
  });
  await runJobs();
  expect(await stored(body.session_id)).toMatchObject({
    status: 'complete',
    error: null,
    job: { job_id: body.job_id, status: 'complete' },
    segments: [{ text: 'Text 0' }, {}],
  });
  expect(lines.map(({ outcome, session_id }) => [outcome, session_id])).toEqual([
    ['accepted', body.session_id],
    ['ok', body.session_id],
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/Text 0|The Whale/);
});

test.each([
  ['model_error', [new ModelError('broken')] as Script, undefined],
  ['timeout', hang, 5_050],
])('in the background: %s ends as failed, with the error', async (code, script, remaining) => {
  const { api, runJobs } = start(script);
  const { body } = await api('POST', '/generate-story', { topic: 'bg', async: true });
  await runJobs(remaining);
  expect(await stored(body.session_id)).toMatchObject({
    status: 'failed',
    error: { code },
    job: { status: 'failed', error: { code } },
  });
});
