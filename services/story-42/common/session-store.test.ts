import { randomUUID } from 'node:crypto';
import { newSession } from './session';
import { SessionStore } from './session-store';
import { startWorld, type World } from './test-support/world';
import type { Segment, Session } from './schemas';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const segment = (text: string): Segment => ({
  segment_id: randomUUID(),
  index: 1,
  heading: 'h',
  text,
  image_prompt: 'p',
  image_key: null,
  audio_key: null,
  revision: 1,
});
const create = (more: Partial<Session> = {}, ownerSub = 'me') =>
  world.store.create({ ...newSession({ ownerSub }, world.options.now()), ...more });

test('a session is read by its owner only, and is not there for anybody else', async () => {
  const { session_id } = await create({ title: 'T' });
  expect(await world.store.get(session_id, 'me')).toMatchObject({ title: 'T', revision: 1 });
  await expect(world.store.get(session_id, 'you')).rejects.toMatchObject({ code: 'session_not_found', status: 404 });
  await expect(world.store.find(session_id, 'you')).rejects.toMatchObject({ code: 'session_not_found' });
  await expect(world.store.delete(session_id, 'you')).rejects.toMatchObject({ code: 'session_not_found' });
  await expect(world.store.get(randomUUID(), 'me')).rejects.toMatchObject({ code: 'session_not_found' });
});

test('saving needs the revision that is there', async () => {
  const first = await create();
  const second = await world.store.save({ ...first, title: 'A' });
  expect(second.revision).toBe(2);
  await expect(world.store.save({ ...first, title: 'B' })).rejects.toMatchObject({ code: 'conflict', status: 409 });
  expect((await world.store.get(first.session_id, 'me')).title).toBe('A');
});

test('changes at the same time all count', async () => {
  const { session_id } = await create({ title: '' });
  const add = (letter: string) =>
    world.store.change(session_id, 'me', (session) => ({ ...session, title: `${session.title}${letter}` }));
  await Promise.all(['a', 'b', 'c', 'd'].map(add));
  const { title, revision } = await world.store.get(session_id, 'me');
  expect([...title!].sort().join('')).toBe('abcd');
  expect(revision).toBe(5);
});

test('long text moves to an object, comes back, and survives a store that does not read it', async () => {
  const long = 'ü'.repeat(200_000);
  const { session_id } = await create({ segments: [segment(long), segment('short')] });
  const item = world.table.items.get(session_id)!;
  expect(JSON.stringify(item).length).toBeLessThan(10_000);
  expect(item.text_key!.S).toMatch(new RegExp(`^stories/${session_id}/text-1-[0-9a-f]{8}\\.json$`));
  const textless = new SessionStore({ ...world.options, texts: false });
  await textless.change(session_id, 'me', (session) => {
    expect(session.segments.map(({ text }) => text)).toEqual(['', '']);
    return { ...session, title: 'T' };
  });
  const { segments, title } = await world.store.get(session_id, 'me');
  expect([title, ...segments.map(({ text }) => text)]).toEqual(['T', long, 'short']);
  const shortened = await world.store.change(session_id, 'me', (session) => ({ ...session, segments: [segment('x')] }));
  expect(world.table.items.get(session_id)!.text_key).toEqual({ NULL: true });
  await expect(textless.save(shortened)).rejects.toThrow('saves by `change` only');
});

test('350 KB stay in the item, a byte more does not', async () => {
  const size = (session: Session) => JSON.stringify({ ...session, text_key: null, segment_count: 1 }).length;
  world.clock.time = new Date('2026-01-01T00:00:00.000Z');
  const base = { ...newSession({ ownerSub: 'me' }, world.clock.time), revision: 1, segments: [segment('')] };
  const room = 350 * 1024 - size(base);
  const sized = (length: number) =>
    world.store.create({ ...base, session_id: randomUUID(), segments: [segment('x'.repeat(length))] });
  const fits = await sized(room);
  const over = await sized(room + 1);
  expect(world.table.items.get(fits.session_id)!.text_key).toEqual({ NULL: true });
  expect(world.table.items.get(over.session_id)!.text_key).toHaveProperty('S');
});

test('lists own sessions newest first, page by page', async () => {
  for (const [minute, ownerSub] of [
    [1, 'me'],
    [2, 'you'],
    [3, 'me'],
    [4, 'me'],
  ] as const) {
    world.clock.time = new Date(Date.UTC(2026, 0, 1, 0, minute));
    await create({ title: `${minute}` }, ownerSub);
  }
  const first = await world.store.list('me', 2);
  expect(first.sessions.map(({ title }) => title)).toEqual(['4', '3']);
  const second = await world.store.list('me', 2, first.nextCursor!);
  expect(second).toMatchObject({ sessions: [{ title: '1' }], nextCursor: null });
  for (const cursor of ['', 'x', Buffer.from('{"u":"2026","s":"1"}').toString('base64url')]) {
    await expect(world.store.list('me', 2, cursor)).rejects.toMatchObject({ fields: [{ field: 'cursor' }] });
  }
});

test('what has expired is gone', async () => {
  world.clock.time = new Date('2026-01-01T00:00:00Z');
  const { session_id } = await create();
  world.clock.time = new Date('2027-01-02T00:00:00Z');
  expect(await world.store.find(session_id, 'me')).toBeUndefined();
  expect((await world.store.list('me', 10)).sessions).toEqual([]);
});

test('a busy table is told as such, other faults as they are', async () => {
  world.aws.answer = () => ({ fault: 'ProvisionedThroughputExceededException' });
  await expect(world.store.get(randomUUID(), 'me')).rejects.toMatchObject({ code: 'throttled', status: 429 });
  world.aws.answer = () => ({ fault: 'AccessDeniedException' });
  await expect(world.store.get(randomUUID(), 'me')).rejects.toMatchObject({ name: 'AccessDeniedException' });
});
