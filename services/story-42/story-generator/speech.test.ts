import { HttpClient } from '../../common/http-client';
import type { SecretValue } from '../../common/secret-value';
import { startHttpStandIn, type HttpStandIn } from '../../common/test-support/http-stand-in';
import type { Segment, Session } from '../common/schemas';
import { newSession } from '../common/session';
import { Speaker } from './speech';

const ID = '6f6c1f5e-8a40-4f0b-9d6b-0f7f4b0f5a11';
const SEGMENT = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const MP3 = Buffer.from([0x49, 0x44, 0x33, 4, 0, 0]);

let service: HttpStandIn;
let session: Session;
let saved: Session | undefined;
let stored: Record<string, Uint8Array | string>;
let forgotten: number;
let speaker: Speaker;

const segment = (changes: Partial<Segment> = {}): Segment => ({
  segment_id: SEGMENT,
  index: 1,
  heading: 'One',
  text: 'Once upon a time.',
  image_prompt: '',
  image_key: null,
  audio_key: null,
  revision: 1,
  ...changes,
});

beforeEach(async () => {
  service = await startHttpStandIn(() => ({ headers: { 'content-type': 'audio/mpeg' }, body: MP3 }));
  session = { ...newSession({ sessionId: ID, ownerSub: 'una' }, new Date(0)), segments: [segment()] };
  saved = undefined;
  stored = {};
  forgotten = 0;
  speaker = new Speaker({
    client: new HttpClient({
      baseUrl: `${service.url}/tts`,
      timeoutMilliseconds: 100,
      tries: 2,
      backoffMilliseconds: 1,
    }),
    apiKey: { get: async () => 'sesame', forget: () => void (forgotten += 1) } as unknown as SecretValue,
    sessions: {
      get: async () => session,
      change: async (_id, _owner, change) => {
        saved = change(session);
        return saved;
      },
    },
    objects: {
      put: async (key, body) => void (stored[key] = body),
      url: async (key) => `https://bucket/${key}`,
    },
  });
});
afterEach(() => service.close());

const speak = (voice?: string) =>
  speaker.segment({ sessionId: ID, segmentId: SEGMENT, owner: 'una', voice }, AbortSignal.timeout(5_000));

test('a segment: the key is sent, the audio kept, the session points to it', async () => {
  const key = `audio/${ID}/${SEGMENT}.mp3`;
  expect(await speak('Alma')).toEqual({ key, url: `https://bucket/${key}`, content_type: 'audio/mpeg' });
  expect(service.calls[0]).toMatchObject({ method: 'POST', path: '/tts/v1/speech' });
  expect(service.calls[0]!.headers['x-api-key']).toBe('sesame');
  expect(JSON.parse(service.calls[0]!.body)).toEqual({ text: 'Once upon a time.', voice: 'Alma', format: 'mp3' });
  expect(stored[key]).toEqual(MP3);
  expect(saved!.segments[0]!.audio_key).toBe(key);
});

test('read once more, the session stays as it is', async () => {
  session = { ...session, segments: [segment({ audio_key: `audio/${ID}/${SEGMENT}.mp3` })] };
  await speak();
  expect(saved).toBe(session);
});

test('a text changed meanwhile does not get the old audio', async () => {
  service.answer = () => {
    session = { ...session, segments: [segment({ text: 'Other.' })] };
    return { headers: { 'content-type': 'audio/mpeg' }, body: MP3 };
  };
  await expect(speak()).rejects.toMatchObject({ code: 'conflict' });
});

test.each([
  ['is not there', [], 'segment_not_found'],
  ['is too long', [segment({ text: 'x'.repeat(5_001) })], 'validation_error'],
  ['has no text', [segment({ text: ' ' })], 'validation_error'],
])('a segment that %s', async (_what, segments, code) => {
  session = { ...session, segments };
  await expect(speak()).rejects.toMatchObject({ code });
  expect(service.calls).toEqual([]);
});

test('any text has one object for each voice and user', async () => {
  const say = (owner: string, voice?: string) => speaker.text('Hi', owner, voice, AbortSignal.timeout(5_000));
  const { key } = await say('una');
  expect(key).toMatch(/^audio\/una\/[0-9a-f]{32}\.mp3$/);
  expect((await say('una')).key).toBe(key);
  expect((await say('una', 'Alma')).key).not.toBe(key);
  expect((await say('olga')).key).toMatch(/^audio\/olga\//);
});

test.each([
  ['refuses the key', { status: 401 }, /HTTP 401/, 1, 1],
  ['fails', { status: 500 }, /HTTP 500/, 2, 0],
  ['sends something else', { body: { error: 'x' } }, /something other than audio/, 1, 0],
  ['sends nothing', { headers: { 'content-type': 'audio/mpeg' } }, /without any audio/, 1, 0],
])('a service that %s is a tts_error, without the key', async (_what, answer, message, calls, forgets) => {
  service.answer = () => answer;
  const failed = speak();
  await expect(failed).rejects.toMatchObject({ code: 'tts_error', message: expect.stringMatching(message) });
  await expect(failed).rejects.not.toThrow(/sesame/);
  expect(service.calls).toHaveLength(calls);
  expect(forgotten).toBe(forgets);
  expect(saved).toBeUndefined();
});

test('a service that says nothing', async () => {
  service.answer = () => 'hang';
  await expect(speak()).rejects.toMatchObject({ code: 'tts_error', message: expect.stringContaining('in time') });
});
