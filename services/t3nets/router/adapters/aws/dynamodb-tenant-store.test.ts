import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ThrottledError } from '../../../../common/bedrock/errors';
import { ExistsError, InvalidIdError } from '../../agent/errors';
import { MAX_MEMORIES } from '../../agent/types';
import { startFakeAws, type FakeAws } from '../../../../common/test-support/fake-aws';
import { DynamoDBTenantStore } from './dynamodb-tenant-store';

const NOW = '2026-02-21T10:00:00.000Z';
let aws: FakeAws;
let store: DynamoDBTenantStore;
beforeEach(async () => {
  aws = await startFakeAws();
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...aws.settings, maxAttempts: 1 }));
  store = new DynamoDBTenantStore({ client, tableName: 'tenants', now: () => new Date(NOW) });
});
afterEach(() => aws.close());

const tenantItem = (id: string) => ({ pk: { S: `TENANT#${id}` }, sk: { S: 'META' }, name: { S: id.toUpperCase() } });
const userItem = (more = {}) => ({ pk: { S: 'USER#a' }, sk: { S: 'USER#u' }, role: { S: 'admin' }, ...more });
const mapping = (tenant: string) => ({
  pk: { S: `TENANT#${tenant}` },
  sk: { S: 'CHANNEL#slack#C1' },
  tenant_id: { S: tenant },
});
const tenant = { tenantId: 'a', name: 'A', status: 'active' as const, settings: { x: 1 }, customProperties: {} };
const user = {
  tenantId: 'a',
  userId: 'u',
  email: 'e@x.org',
  displayName: 'U',
  role: 'admin' as const,
  preferences: {},
  customProperties: {},
};
const channel = { tenantId: 'a', channelType: 'slack', channelId: 'C1', settings: {} };

test('a tenant with the least attributes has defaults for the rest', async () => {
  aws.answer = () => ({ body: { Item: tenantItem('a') } });
  expect(await store.getTenant('a')).toEqual({
    tenantId: 'a',
    name: 'A',
    status: 'active',
    settings: {},
    customProperties: {},
    createdAt: '',
    updatedAt: '',
  });
  expect(aws.calls[0]!.input).toMatchObject({
    Key: { pk: { S: 'TENANT#a' }, sk: { S: 'META' } },
    ConsistentRead: true,
  });
});

test('writes are updates of named attributes: whatever else an item has stays', async () => {
  aws.answer = () => ({ body: { Attributes: tenantItem('a') } });
  await store.putTenant(tenant);
  const { operation, input } = aws.calls[0]!;
  expect(operation).toBe('UpdateItem');
  expect(Object.values(input.ExpressionAttributeNames as object).sort()).toEqual(
    ['created_at', 'custom_properties', 'name', 'settings', 'status', 'updated_at'].sort(),
  );
  expect(input.UpdateExpression).toMatch(/^SET .*if_not_exists/);
  expect(input).not.toHaveProperty('ConditionExpression');
});

test('creating what exists is refused by the table itself', async () => {
  aws.answer = ({ operation }) =>
    operation === 'UpdateItem' ? { fault: 'ConditionalCheckFailedException' } : { body: { Items: [] } };
  await expect(store.putTenant(tenant, { create: true })).rejects.toBeInstanceOf(ExistsError);
  await expect(store.putUser(user, { create: true })).rejects.toBeInstanceOf(ExistsError);
  await expect(store.putChannel(channel, { create: true })).rejects.toBeInstanceOf(ExistsError);
  const conditions = aws.calls.filter(({ operation }) => operation === 'UpdateItem');
  expect(new Set(conditions.map(({ input }) => input.ConditionExpression))).toEqual(
    new Set(['attribute_not_exists(#absent)']),
  );
});

test('lists tenants page by page, in order', async () => {
  aws.answer = () =>
    aws.calls.length === 1
      ? { body: { Items: [tenantItem('b')], LastEvaluatedKey: { pk: { S: 'x' }, sk: { S: 'y' } } } }
      : { body: { Items: [tenantItem('a')] } };
  expect((await store.listTenants()).map(({ tenantId }) => tenantId)).toEqual(['a', 'b']);
});

test('a user lives under the tenant', async () => {
  aws.answer = () => ({ body: { Item: userItem(), Attributes: userItem(), Items: [userItem()] } });
  expect(await store.getUser('a', 'u')).toMatchObject({
    tenantId: 'a',
    userId: 'u',
    role: 'admin',
    memorySummaries: [],
  });
  expect(await store.listUsers('a')).toHaveLength(1);
  await store.putUser(user);
  expect(aws.calls[0]!.input.Key).toEqual({ pk: { S: 'USER#a' }, sk: { S: 'USER#u' } });
  expect(aws.calls[2]!.input.Key).toEqual({ pk: { S: 'USER#a' }, sk: { S: 'USER#u' } });
});

test('a memory too many pushes out the oldest', async () => {
  const memory = { M: { session_id: { S: 's' }, summary: { S: 'm' }, at: { S: NOW } } };
  const memories = { memory_summaries: { L: Array(MAX_MEMORIES + 2).fill(memory) } };
  aws.answer = () => ({ body: { Attributes: userItem(memories) } });
  await store.addMemory('a', 'u', { sessionId: 's', summary: 'm', at: NOW });
  expect(aws.calls).toHaveLength(2);
  expect(aws.calls[1]!.input).toMatchObject({
    UpdateExpression: 'REMOVE memory_summaries[0], memory_summaries[1]',
    ConditionExpression: 'size(memory_summaries) = :length',
  });
});

test('a channel finds its tenant by the index', async () => {
  aws.answer = () => ({ body: { Items: [mapping('a')] } });
  expect(await store.findTenantByChannel('slack', 'C1')).toEqual(channel);
  expect(aws.calls[0]!.input).toMatchObject({
    IndexName: 'channel-mapping',
    ExpressionAttributeValues: { ':channel': { S: 'CHANNEL#slack#C1' } },
  });
});

test('a channel that two tenants claim belongs to none', async () => {
  aws.answer = () => ({ body: { Items: [mapping('a'), mapping('b')] } });
  expect(await store.findTenantByChannel('slack', 'C1')).toBeUndefined();
});

test("another tenant's channel cannot be taken, one's own can be updated", async () => {
  aws.answer = () => ({ body: { Items: [mapping('b')], Attributes: mapping('b') } });
  await expect(store.putChannel(channel)).rejects.toBeInstanceOf(ExistsError);
  expect(await store.putChannel({ ...channel, tenantId: 'b' })).toMatchObject({ tenantId: 'b' });
});

test('throttling and bad ids', async () => {
  aws.answer = () => ({ fault: 'ThrottlingException' });
  await expect(store.getTenant('a')).rejects.toBeInstanceOf(ThrottledError);
  aws.calls.length = 0;
  await expect(store.getUser('a', 'u#v')).rejects.toBeInstanceOf(InvalidIdError);
  await expect(store.findTenantByChannel('slack', 'C1#x')).rejects.toBeInstanceOf(InvalidIdError);
  expect(aws.calls).toEqual([]);
});
