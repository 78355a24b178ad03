import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { startFakeAws, type FakeAws, type FakeCall } from '../../../common/test-support/fake-aws';
import { ConversationStore, MAX_CHARACTERS, MAX_MESSAGES, toModelMessages, trimmed } from './conversation';

const at = '2026-11-21T10:00:00.000Z';
const said = (content: string, role: 'user' | 'assistant' = 'user') => ({ role, content, at });
const ID = '6f6c1f5e-8a40-4f0b-9d6b-0f7f4b0f5a11';

describe('limits', () => {
  test('the newest messages, beginning with a question', () => {
    const many = Array.from({ length: MAX_MESSAGES + 1 }, (_, i) => said(`${i}`, i % 2 === 0 ? 'user' : 'assistant'));
    const kept = trimmed(many);
    expect(kept.at(0)).toEqual(said('2'));
    expect(kept.at(-1)).toEqual(said(`${MAX_MESSAGES}`));
  });

  test('not more text than fits an item', () => {
    const long = 'x'.repeat(MAX_CHARACTERS / 2);
    expect(trimmed([said('old'), said(long), said(long)])).toHaveLength(2);
    expect(trimmed([said('y'.repeat(MAX_CHARACTERS + 1))])).toEqual([]);
  });

  test('a model is given turns that alternate, the question last', () => {
    const earlier = [said('a'), said('b'), said('c', 'assistant'), said('d')];
    expect(toModelMessages(earlier, 'e').map(({ role, content }) => [role, ...content])).toEqual([
      ['user', { type: 'text', text: 'a\n\nb' }],
      ['assistant', { type: 'text', text: 'c' }],
      ['user', { type: 'text', text: 'd\n\ne' }],
    ]);
  });
});

describe('the table', () => {
  let aws: FakeAws;
  let store: ConversationStore;
  let item: Record<string, { S?: string; N?: string }> | undefined;
  let collisions: number;
  beforeEach(async () => {
    item = undefined;
    collisions = 0;
    aws = await startFakeAws(({ operation, input }: FakeCall) => {
      if (operation === 'GetItem') return { body: item ? { Item: item } : {} };
      if (collisions > 0) {
        collisions -= 1;
        return { fault: 'ConditionalCheckFailedException' };
      }
      item = input.Item as typeof item;
      return { body: {} };
    });
    store = new ConversationStore({
      client: DynamoDBDocumentClient.from(new DynamoDBClient(aws.settings), {
        marshallOptions: { removeUndefinedValues: true },
      }),
      tableName: 't',
      now: () => new Date(at),
    });
  });
  afterEach(() => aws.close());

  const puts = () => aws.calls.filter(({ operation }) => operation === 'PutItem').map(({ input }) => input);

  test('is kept under a key of its own, without what the list of stories goes by', async () => {
    await store.append(ID, 'una', [
      said('hi'),
      { ...said('hello', 'assistant'), tools: [{ name: 't', ok: true, ms: 5 }] },
    ]);
    expect(item).toMatchObject({ session_id: { S: `chat#${ID}` }, expires_at: { N: '1803031200' } });
    expect(item).not.toHaveProperty('owner_sub');
    expect(item).not.toHaveProperty('updated_at');
    expect(puts()[0]).toMatchObject({ ConditionExpression: 'attribute_not_exists(session_id)' });
    expect(await store.load(ID, 'una')).toEqual({
      messages: [said('hi'), { ...said('hello', 'assistant'), tools: [{ name: 't', ok: true, ms: 5 }] }],
      updatedAt: at,
    });
  });

  test('somebody else’s is as good as none', async () => {
    await store.append(ID, 'una', [said('hi')]);
    await expect(store.load(ID, 'olga')).rejects.toMatchObject({ code: 'session_not_found' });
    await expect(store.append(ID, 'olga', [said('hi')])).rejects.toMatchObject({ code: 'session_not_found' });
    expect(puts()).toHaveLength(1);
  });

  test('what was said meanwhile is kept: reads again and adds to that', async () => {
    await store.append(ID, 'una', [said('one')]);
    collisions = 1;
    await store.append(ID, 'una', [said('two')]);
    expect((await store.load(ID, 'una'))!.messages).toEqual([said('one'), said('two')]);
    expect(puts()).toHaveLength(3);
    expect(puts()[2]).toMatchObject({ ConditionExpression: 'chat_revision = :revision AND chat_owner = :owner' });
  });

  test('gives up after five tries', async () => {
    collisions = 99;
    await expect(store.append(ID, 'una', [said('one')])).rejects.toMatchObject({ code: 'conflict' });
    expect(puts()).toHaveLength(5);
  });
});
