import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { ThrottledError } from '../../../../common/bedrock/errors';
import { InvalidIdError } from '../../agent/errors';
import { startFakeAws, type FakeAws, type FakeCall } from '../../../../common/test-support/fake-aws';
import { DynamoDBConversationStore, keyOf } from './dynamodb-conversation-store';

const NOW = new Date('2026-02-21T10:00:00.000Z');
const SECONDS = NOW.getTime() / 1000;
let aws: FakeAws;
let store: DynamoDBConversationStore;
beforeEach(async () => {
  aws = await startFakeAws();
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...aws.settings, maxAttempts: 1 }));
  store = new DynamoDBConversationStore({ client, tableName: 'conversations', now: () => NOW });
});
afterEach(() => aws.close());

const message = (content: string) => ({ role: 'user' as const, content, at: NOW.toISOString() });
const item = (contents: string[], more: Record<string, unknown> = {}) => ({
  body: {
    Item: {
      pk: { S: 'a#channel#u' },
      sk: { S: 's' },
      messages: { S: JSON.stringify(contents.map(message)) },
      updated_at: { S: '2026-02-20T00:00:00.000Z' },
      ttl: { N: String(SECONDS + 60) },
      revision: { N: '4' },
      ...more,
    },
  },
});
const values = ({ input }: FakeCall) => input.ExpressionAttributeValues as Record<string, { S?: string; N?: string }>;
const writes = () => aws.calls.filter(({ operation }) => operation === 'UpdateItem');
const written = (call: FakeCall) =>
  (JSON.parse(values(call)[':messages']!.S!) as { content: string }[]).map(({ content }) => content);

test('reads consistently, under the specified key', async () => {
  aws.answer = () => item(['a']);
  expect(await store.load('a', 'u', 's')).toEqual({
    sessionId: 's',
    messages: [message('a')],
    updatedAt: '2026-02-20T00:00:00.000Z',
    dropped: 0,
    foldedThrough: 0,
  });
  expect(aws.calls[0]!.input).toMatchObject({
    TableName: 'conversations',
    Key: { pk: { S: 'a#channel#u' }, sk: { S: 's' } },
    ConsistentRead: true,
  });
});

test.each([
  ['at this second', 0, false],
  ['a second ago', -1, false],
  ['in a second', 1, true],
])('an item that expires %s', async (_when, seconds, alive) => {
  aws.answer = () => item(['a'], { ttl: { N: String(SECONDS + seconds) } });
  expect((await store.load('a', 'u', 's')) !== undefined).toBe(alive);
});

test('the first message makes the item, with an expiry 30 days ahead', async () => {
  await store.append('a', 'u', 's', [message('a')]);
  const [write] = writes();
  expect(write!.input.ConditionExpression).toBe('attribute_not_exists(pk)');
  expect(values(write!)).toMatchObject({
    ':ttl': { N: String(SECONDS + 2_592_000) },
    ':updated': { S: NOW.toISOString() },
    ':revision': { N: '1' },
  });
});

test('a write that lost the race is made again on the fresh item', async () => {
  let reads = 0;
  aws.answer = ({ operation }) => {
    if (operation === 'GetItem') {
      reads += 1;
      return item(reads === 1 ? ['a'] : ['a', 'theirs'], { revision: { N: String(3 + reads) } });
    }
    return writes().length === 1 ? { fault: 'ConditionalCheckFailedException' } : { body: {} };
  };
  const after = await store.append('a', 'u', 's', [message('ours')]);
  expect(after.messages.map(({ content }) => content)).toEqual(['a', 'theirs', 'ours']);
  expect(writes().map((call) => values(call)[':read'])).toEqual([{ N: '4' }, { N: '5' }]);
  expect(written(writes()[1]!)).toEqual(['a', 'theirs', 'ours']);
});

test('an expired item is begun anew, but only if nobody else has', async () => {
  aws.answer = ({ operation }) =>
    operation === 'GetItem' ? item(['old'], { ttl: { N: '1' }, dropped: { N: '9' } }) : { body: {} };
  expect(await store.append('a', 'u', 's', [message('new')])).toMatchObject({ dropped: 0, messages: [message('new')] });
  expect(writes()[0]!.input.ConditionExpression).toBe('revision = :read');
});

test('an item that something else wrote, without a revision, is guarded by its time', async () => {
  aws.answer = ({ operation }) => {
    const { body } = item(['a']);
    const { revision: _revision, ...rest } = body.Item;
    return operation === 'GetItem' ? { body: { Item: rest } } : { body: {} };
  };
  await store.append('a', 'u', 's', [message('b')]);
  expect(writes()[0]!.input.ConditionExpression).toBe('attribute_not_exists(revision) AND updated_at = :read');
  expect(values(writes()[0]!)[':read']).toEqual({ S: '2026-02-20T00:00:00.000Z' });
});

test('endless contention and throttling end as "throttled", other faults as themselves', async () => {
  aws.answer = ({ operation }) =>
    operation === 'GetItem' ? { body: {} } : { fault: 'ConditionalCheckFailedException' };
  await expect(store.append('a', 'u', 's', [message('a')])).rejects.toBeInstanceOf(ThrottledError);
  aws.answer = () => ({ fault: 'ProvisionedThroughputExceededException' });
  await expect(store.load('a', 'u', 's')).rejects.toBeInstanceOf(ThrottledError);
  aws.answer = () => ({ fault: 'AccessDeniedException' });
  await expect(store.load('a', 'u', 's')).rejects.toHaveProperty('name', 'AccessDeniedException');
}, 20_000);

test('lists page by page, without the expired', async () => {
  aws.answer = () =>
    aws.calls.length === 1
      ? {
          body: {
            Items: [{ sk: { S: 's1' }, updated_at: { S: 'x' } }],
            LastEvaluatedKey: { pk: { S: 'p' }, sk: { S: 's1' } },
          },
        }
      : { body: { Items: [{ sk: { S: 's2' }, updated_at: { S: 'y' } }] } };
  expect((await store.list('a', 'u')).map(({ sessionId }) => sessionId)).toEqual(['s1', 's2']);
  expect(values(aws.calls[0]!)).toEqual({ ':pk': { S: 'a#channel#u' }, ':now': { N: String(SECONDS) } });
});

test('clears one conversation', async () => {
  await store.clear('a', 'u', 's');
  expect(aws.calls).toMatchObject([{ operation: 'DeleteItem', input: { Key: { pk: { S: 'a#channel#u' } } } }]);
});

test('no id that could reach another key leaves the process', async () => {
  await expect(store.load('a#channel#b', 'u', 's')).rejects.toBeInstanceOf(InvalidIdError);
  await expect(store.append('a', 'u#x', 's', [])).rejects.toBeInstanceOf(InvalidIdError);
  expect(aws.calls).toEqual([]);
});

test('keys are the same only for the same tenant, user and session', () => {
  const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,4}[a-z0-9]$/);
  fc.assert(
    fc.property(fc.tuple(id, id, id), fc.tuple(id, id, id), (a, b) => {
      const same = JSON.stringify(keyOf(...a)) === JSON.stringify(keyOf(...b));
      expect(same).toBe(a.join() === b.join());
    }),
  );
});

test('a table that cannot be read fails its check', async () => {
  aws.answer = () => ({ fault: 'ResourceNotFoundException' });
  await expect(store.check()).rejects.toHaveProperty('name', 'ResourceNotFoundException');
});
