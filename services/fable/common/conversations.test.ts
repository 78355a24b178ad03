import { ConversationStore, MESSAGES_BYTES, trimmed, type ConversationMessage } from './conversations';
import { startMemoryTables } from './test-support/memory-tables';

const owner = { userId: 'me', orgId: 'ours' };
const turn = (text: string, role: ConversationMessage['role'] = 'user'): ConversationMessage => ({
  role,
  text,
  at: '2026-01-01T00:00:00.000Z',
});

let tables: Awaited<ReturnType<typeof startMemoryTables>>;
let store: ConversationStore;
beforeEach(async () => {
  tables = await startMemoryTables({ conversations: ['PK', 'SK'] });
  store = new ConversationStore({ client: tables.client, table: 'conversations' });
});
afterEach(() => tables.close());

test('turns at the same time are all kept', async () => {
  await Promise.all(['a', 'b', 'c', 'd'].map((text) => store.append(owner, 'c', text, [turn(text)])));
  const { messages, revision } = (await store.get(owner, 'c'))!;
  expect(messages.map(({ text }) => text).sort()).toEqual(['a', 'b', 'c', 'd']);
  expect(revision).toBe(4);
});

test('title, times and keys', async () => {
  await store.append(owner, 'c', 'c1', [turn(`  a\n${'b'.repeat(100)}`)]);
  await store.append(owner, 'c', 'c2', [turn('x')]);
  expect(await store.get(owner, 'c')).toMatchObject({ title: `a ${'b'.repeat(78)}`, connectionId: 'c2' });
  expect(tables.tables.items('conversations')).toMatchObject([{ PK: { S: 'USER#me' }, SK: { S: 'CONV#c' } }]);
});

test('is not there for another organisation, which cannot attach to it either', async () => {
  await store.append(owner, 'c', 'c1', [turn('x')]);
  const other = { ...owner, orgId: 'theirs' };
  expect(await store.get(other, 'c')).toBeUndefined();
  await expect(store.attach(other, 'c', 'c2')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
  await store.attach(owner, 'c', 'c3');
  expect((await store.get(owner, 'c'))!.connectionId).toBe('c3');
});

test('the oldest messages go when it grows too large, and the user begins', async () => {
  const big = (name: string, role?: ConversationMessage['role']) => turn(name + 'ü'.repeat(50_000), role);
  for (const name of ['1', '2', '3']) {
    await store.append(owner, 'c', 'c1', [big(name), big(name, 'assistant')]);
  }
  const { messages } = (await store.get(owner, 'c'))!;
  expect(messages.map(({ text, role }) => [text[0], role])).toEqual([
    ['3', 'user'],
    ['3', 'assistant'],
  ]);
});

test('trimming keeps what fits exactly, and not a byte more', () => {
  const fixed = turn('');
  const size = 'user'.length + fixed.at.length + 'roletextat'.length + 10;
  const full = turn('x'.repeat(MESSAGES_BYTES - 2 * size - 1));
  expect(trimmed([turn('y'), full])).toHaveLength(2);
  expect(trimmed([turn('yy'), full])).toEqual([full]);
});
