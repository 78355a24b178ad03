import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { createLogger } from '../../common/logger';
import { startFakeAws, type FakeAws } from '../../common/test-support/fake-aws';
import { BuildStore } from '../common/build-store';
import type { BuildRecord } from '../common/builds';
import { ConnectionStore } from '../common/connections';
import { ConversationStore } from '../common/conversations';
import { buildKey, conversationKey } from '../common/keys';
import { Pusher } from '../common/push';
import { startMemoryTables } from '../common/test-support/memory-tables';
import { endBuild, RESULT_BYTES } from './end-of-build';
import { parseUpdateBuildStatusEnvironment, type UpdateBuildStatusVariables } from './environment';

const buildId = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const orgId = 'acme';
const before = '2026-02-04T10:00:00.000Z';
const now = new Date('2026-02-04T10:20:00.000Z');

let tables: Awaited<ReturnType<typeof startMemoryTables>>;
let gateway: FakeAws;
let lines: Record<string, unknown>[];
beforeEach(async () => {
  lines = [];
  tables = await startMemoryTables({
    builds: ['PK', 'SK'],
    conversations: ['PK', 'SK'],
    connections: ['connectionId'],
  });
  gateway = await startFakeAws();
});
afterEach(() => Promise.all([tables.close(), gateway.close()]));

const put = (TableName: string, Item: object) => tables.client.send(new PutCommand({ TableName, Item }));
const putBuild = (more: Partial<BuildRecord> = {}) =>
  put('builds', {
    ...buildKey(orgId, buildId),
    ...{ buildId, orgId, userId: 'ada', request: 'r', spec: { goal: 'g' }, status: 'running' },
    ...{ createdAt: before, updatedAt: before, ...more },
  });
const putConversation = async (connection: object = {}, conversation: object = {}) => {
  await put('conversations', {
    ...conversationKey('ada', 'c1'),
    ...{ conversationId: 'c1', userId: 'ada', orgId, title: 't', messages: [], connectionId: 'k1', revision: 1 },
    ...{ createdAt: before, updatedAt: before, ...conversation },
  });
  await put('connections', {
    connectionId: 'k1',
    userId: 'ada',
    orgId,
    connectedAt: before,
    expiresAt: 1,
    ...connection,
  });
};
const record = async () => (await new BuildStore(tables.client, 'builds').get(orgId, buildId))!;

const end = (event: unknown) => {
  const connections = new ConnectionStore(tables.client, 'connections');
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return endBuild(
    {
      builds: new BuildStore(tables.client, 'builds', () => now),
      conversations: new ConversationStore({ client: tables.client, table: 'conversations' }),
      connections,
      pusher: new Pusher({
        client: new ApiGatewayManagementApiClient({ ...gateway.settings, maxAttempts: 1 }),
        connections,
      }),
      logger: createLogger({ service: 's', version: '1', level: 'info', destination }),
    },
    event,
  );
};
const completed = (result: unknown = { summary: 'done' }) => ({ orgId, buildId, status: 'completed', result });
const failed = (error: unknown = { Error: 'OutputInvalid', Cause: 'x' }) => ({
  orgId,
  buildId,
  status: 'failed',
  error,
});
const event = (status: string, detail: object = {}) => ({
  source: 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  detail: { status, name: buildId, input: JSON.stringify({ orgId, buildId, userId: 'ada' }), ...detail },
});

test.each(['pending', 'running'] as const)('a build that is %s completes', async (status) => {
  await putBuild({ status });
  expect(await end(completed())).toEqual({ buildId, status: 'completed', updated: true, pushed: false });
  expect(await record()).toMatchObject({
    status: 'completed',
    result: { summary: 'done' },
    createdAt: before,
    updatedAt: now.toISOString(),
    spec: { goal: 'g' },
  });
});

test.each(['completed', 'failed'] as const)('a build that has %s stays so', async (status) => {
  await putBuild({ status });
  const earlier = await record();
  for (const one of [completed(), failed(), event('ABORTED')]) {
    expect(await end(one)).toEqual({ buildId, status, updated: false, pushed: false });
  }
  expect(await record()).toEqual(earlier);
});

test('of two ends at once one counts', async () => {
  await putBuild();
  const answers = await Promise.all([end(completed()), end(failed()), end(event('TIMED_OUT'))]);
  expect(answers.filter(({ updated }) => updated)).toHaveLength(1);
});

test.each([
  ['a Catch', { Error: 'OutputInvalid', Cause: 'not JSON' }, { error: 'OutputInvalid', cause: 'not JSON' }],
  [
    "a function's error",
    {
      Error: 'OutputFailed',
      Cause: '{"errorType":"OutputFailed","errorMessage":"phase oi has failed","trace":["at x"]}',
    },
    { error: 'OutputFailed', cause: 'phase oi has failed' },
  ],
  [
    "a container's end",
    {
      Error: 'States.TaskFailed',
      Cause: JSON.stringify({
        Containers: [{ Name: 'fable-build', ExitCode: 1, Image: 'i' }],
        StoppedReason: 'Essential container in task exited',
        Overrides: { ContainerOverrides: [{ Environment: [{ Name: 'FABLE_BUILD_SPEC', Value: 'long' }] }] },
      }),
    },
    {
      error: 'States.TaskFailed',
      cause: 'container fable-build ended with exit code 1; Essential container in task exited',
    },
  ],
  ['a text', 'it broke', { error: 'Failed', cause: 'it broke' }],
  ['nothing', null, { error: 'Failed', cause: 'no cause was given' }],
  ['too much', { Error: 'E', Cause: 'x'.repeat(9_000) }, { error: 'E', cause: 'x'.repeat(4_000) }],
])('a failure is kept with its cause: %s', async (_what, error, kept) => {
  await putBuild();
  expect(await end(failed(error))).toMatchObject({ status: 'failed', updated: true });
  expect(await record()).toMatchObject({ status: 'failed', error: kept });
});

test.each([
  ['TIMED_OUT', {}, { error: 'TimedOut', cause: 'the pipeline did not end in its time' }],
  ['ABORTED', { error: null, cause: null }, { error: 'Aborted', cause: 'the execution of the pipeline was stopped' }],
  ['ABORTED', { error: 'Cancelled', cause: 'by hand' }, { error: 'Cancelled', cause: 'by hand' }],
  [
    'FAILED',
    { error: 'States.DataLimitExceeded' },
    { error: 'States.DataLimitExceeded', cause: 'the pipeline failed' },
  ],
])('an execution that ended %s fails its build: %j', async (status, detail, error) => {
  await putBuild();
  expect(await end(event(status, detail))).toMatchObject({ status: 'failed', updated: true });
  expect(await record()).toMatchObject({ status: 'failed', error });
});

test('300 KB are kept, a byte more is referred to', async () => {
  const room = RESULT_BYTES - JSON.stringify({ text: '' }).length;
  await putBuild();
  await end(completed({ text: 'x'.repeat(room) }));
  expect((await record()).result).toHaveProperty('text');
  await putBuild();
  await end(completed({ text: 'x'.repeat(room + 1) }));
  expect((await record()).result).toEqual({ outputKey: `builds/${buildId}/oi-output.json`, bytes: RESULT_BYTES + 1 });
});

test('what DynamoDB finds too large all the same is referred to', async () => {
  await putBuild();
  let refusals = 0;
  tables.aws.answer = (call) => {
    if (call.operation !== 'UpdateItem' || refusals > 0) return tables.tables.answer(call);
    refusals += 1;
    return { fault: 'ValidationException', message: 'Item size to update has exceeded the maximum allowed size' };
  };
  await end(completed());
  expect((await record()).result).toMatchObject({ outputKey: `builds/${buildId}/oi-output.json` });
});

test('a completed build without a result is completed', async () => {
  await putBuild();
  await end(completed(null));
  expect((await record()).status).toBe('completed');
});

test("the conversation's connection is told, once", async () => {
  await putBuild({ conversationId: 'c1' });
  await putConversation();
  expect(await end(completed())).toMatchObject({ updated: true, pushed: true });
  expect(await end(completed())).toMatchObject({ updated: false, pushed: false });
  expect(gateway.calls).toEqual([
    expect.objectContaining({
      operation: '/@connections/k1',
      input: { type: 'build_update', buildId, status: 'completed', result: { summary: 'done' } },
    }),
  ]);
});

test('a cancelled build is told of when its execution has stopped', async () => {
  await putBuild({ conversationId: 'c1', status: 'failed', error: { error: 'Cancelled', cause: 'c' } });
  await putConversation();
  expect(await end(event('ABORTED'))).toEqual({ buildId, status: 'failed', updated: false, pushed: true });
});

test('a connection that is gone loses its row, and the build ends all the same', async () => {
  await putBuild({ conversationId: 'c1' });
  await putConversation();
  gateway.answer = () => ({ fault: 'GoneException', status: 410 });
  expect(await end(completed())).toMatchObject({ updated: true, pushed: false });
  expect(tables.tables.items('connections')).toEqual([]);
});

test.each([
  ['there is no such connection', { connectionId: 'other' }, {}],
  ['it is of another user', { userId: 'eve' }, {}],
  ['the conversation is of another organisation', {}, { orgId: 'evil' }],
  ['the conversation has none', {}, { connectionId: undefined }],
])('nobody is told when %s', async (_what, connection, conversation) => {
  await putBuild({ conversationId: 'c1' });
  await putConversation(connection, conversation);
  expect(await end(completed())).toMatchObject({ updated: true, pushed: false });
  expect(gateway.calls).toEqual([]);
});

test('a push that fails is noted and nothing more', async () => {
  await putBuild({ conversationId: 'c1' });
  await putConversation();
  gateway.answer = () => ({ fault: 'ForbiddenException', status: 403 });
  expect(await end(completed())).toMatchObject({ status: 'completed', updated: true, pushed: false });
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', buildId }));
});

test('a build that is not there, and bad input, are errors', async () => {
  await expect(end(completed())).rejects.toMatchObject({ code: 'NOT_FOUND', message: `there is no build ${buildId}` });
  await putBuild();
  for (const bad of [
    null,
    {},
    { ...completed(), status: 'running' },
    { ...completed(), buildId: 'x' },
    completed('text'),
    event('SUCCEEDED'),
    event('ABORTED', { input: 'not JSON' }),
    event('ABORTED', { input: '{}' }),
  ]) {
    await expect(end(bad)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  }
  expect((await record()).status).toBe('running');
});

test('environment', () => {
  const variables: UpdateBuildStatusVariables = {
    ENVIRONMENT: 'dev',
    LOG_LEVEL: 'info',
    BUILDS_TABLE: 'b',
    CONVERSATIONS_TABLE: 'v',
    CONNECTIONS_TABLE: 'c',
    WEBSOCKET_MANAGEMENT_URL: 'https://abc.execute-api.us-west-2.amazonaws.com/dev',
  };
  expect(parseUpdateBuildStatusEnvironment(variables)).toEqual(variables);
  expect(() => parseUpdateBuildStatusEnvironment({ ...variables, WEBSOCKET_MANAGEMENT_URL: 'wss://x' })).toThrow(
    '- WEBSOCKET_MANAGEMENT_URL: the management address must be one such as',
  );
});
