import { SFNClient } from '@aws-sdk/client-sfn';
import { createLogger } from '../../common/logger';
import { startFakeAws, type FakeAnswer, type FakeAws, type FakeCall } from '../../common/test-support/fake-aws';
import { BuildStore } from '../common/build-store';
import type { Build, KickoffRefusal, Started } from '../common/builds';
import { createBucketClient } from '../common/clients';
import { startMemoryTables } from '../common/test-support/memory-tables';
import { Kickoff } from './kickoff';
import { INLINE_SPEC_CHARACTERS, Pipeline } from './pipeline';

const STATE_MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:fable-dev-build-pipeline';
const arnOf = (buildId: string) => `${STATE_MACHINE.replace('stateMachine', 'execution')}:${buildId}`;
const reference = { request: 'Build an MCP tool', userId: 'test', orgId: 'test' };

let tables: Awaited<ReturnType<typeof startMemoryTables>>;
let states: FakeAws;
let bucket: FakeAws;
let clock: Date;
let kickoff: Kickoff;

/** As Step Functions: the same name and input again is the same execution; after its end, or with another input, a fault. */
const executions = new Map<string, { readonly input: string; open: boolean }>();
const answerStates = ({ operation, input }: FakeCall): FakeAnswer => {
  const name = String(input.name ?? String(input.executionArn).split(':').at(-1));
  const found = executions.get(name);
  if (operation === 'StopExecution') {
    if (!found) return { fault: 'ExecutionDoesNotExist' };
    found.open = false;
    return { body: { stopDate: 1 } };
  }
  if (found && (!found.open || found.input !== input.input)) return { fault: 'ExecutionAlreadyExists' };
  executions.set(name, { input: String(input.input), open: true });
  return { body: { executionArn: arnOf(name), startDate: 1 } };
};

beforeEach(async () => {
  clock = new Date('2026-02-04T10:00:00.000Z');
  executions.clear();
  tables = await startMemoryTables({ builds: ['PK', 'SK'] });
  states = await startFakeAws(answerStates);
  bucket = await startFakeAws();
  const pipeline = new Pipeline({
    states: new SFNClient({ ...states.settings, maxAttempts: 1 }),
    objects: createBucketClient({ ...bucket.settings, forcePathStyle: true, maxAttempts: 1 }),
    stateMachineArn: STATE_MACHINE,
    bucket: 'artifacts',
  });
  const store = new BuildStore(tables.client, 'builds', () => clock);
  kickoff = new Kickoff({ store, pipeline, logger: createLogger({ service: 's', version: '1', level: 'silent' }) });
});
afterEach(() => Promise.all([tables.close(), states.close(), bucket.close()]));

const start = async (more: object = {}) =>
  (await kickoff.handle({ action: 'start', payload: { ...reference, ...more } })) as Started;
const refused = async (event: unknown) => (await kickoff.handle(event)) as KickoffRefusal;
const build = async (buildId: string, orgId = 'test') =>
  ((await kickoff.handle({ action: 'status', payload: { orgId, buildId } })) as unknown as { build: Build }).build;
const inputOf = (buildId: string) => JSON.parse(executions.get(buildId)!.input) as Record<string, unknown>;

test('the reference call writes a record, starts the execution named after it, and sets it running', async () => {
  const answer = await start();
  const { buildId } = answer;
  expect(buildId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(answer).toEqual({ ok: true, buildId, executionArn: arnOf(buildId), status: 'running' });
  expect(tables.tables.items('builds')).toEqual([
    expect.objectContaining({ PK: { S: 'ORG#test' }, SK: { S: `BUILD#${buildId}` }, status: { S: 'running' } }),
  ]);
  const spec = { goal: 'Build an MCP tool', kind: 'mcp-tool' };
  const at = '2026-02-04T10:00:00.000Z';
  expect(await build(buildId)).toEqual({
    ...reference,
    ...{ buildId, spec, status: 'running', executionArn: arnOf(buildId), createdAt: at, updatedAt: at },
  });
  expect(inputOf(buildId)).toEqual({ ...reference, buildId, spec });
});

test('the record is there, pending, before the execution is', async () => {
  let seen: unknown;
  states.answer = (call) => {
    seen = tables.tables.items('builds')[0]!.status;
    return answerStates(call);
  };
  await start();
  expect(seen).toEqual({ S: 'pending' });
});

test('a specification and a conversation are handed on', async () => {
  const spec = { goal: 'x', nested: { list: [1, 'two', null] } };
  const { buildId } = await start({ spec, conversationId: 'c-1' });
  expect(inputOf(buildId)).toMatchObject({ spec, conversationId: 'c-1' });
  expect(await build(buildId)).toMatchObject({ spec, conversationId: 'c-1' });
  expect(bucket.calls).toEqual([]);
});

test('a specification of 6,000 escaped characters travels along, one more goes to S3', async () => {
  // Each quotation mark takes two characters once it is escaped, as does each of the quotes about it.
  const escaped = (spec: object) => JSON.stringify(JSON.stringify(spec)).length;
  const room = INLINE_SPEC_CHARACTERS - escaped({ goal: '' });
  const fits = { goal: 'x'.repeat(room) };
  const over = { goal: 'x'.repeat(room + 1) };
  expect([escaped(fits), escaped(over)]).toEqual([6_000, 6_001]);
  expect(inputOf((await start({ spec: fits })).buildId).spec).toEqual(fits);
  expect(bucket.calls).toEqual([]);
  const { buildId } = await start({ spec: over });
  expect(inputOf(buildId).spec).toEqual({ specKey: `builds/${buildId}/spec.json` });
  expect(bucket.calls).toHaveLength(1);
  expect(bucket.calls[0]!.operation).toBe(`/artifacts/builds/${buildId}/spec.json?x-id=PutObject`);
  expect(JSON.parse(bucket.calls[0]!.body!.toString())).toEqual(over);
  expect((await build(buildId)).spec).toEqual(over);
});

test.each([
  ['quotation marks', '"'.repeat(2_000)],
  ['line ends', '\n'.repeat(2_000)],
])('what counts is the escaped length: %s', async (_what, goal) => {
  await start({ spec: { goal } });
  expect(bucket.calls).toHaveLength(1);
});

test('50 KB are a specification, what does not fit a record is not', async () => {
  expect(await start({ spec: { goal: 'x'.repeat(50_000) } })).toMatchObject({ ok: true, status: 'running' });
  expect(
    (await refused({ action: 'start', payload: { ...reference, spec: { goal: 'x'.repeat(65_536) } } })).error,
  ).toEqual({
    code: 'BAD_REQUEST',
    message: 'payload.spec: spec must be at most 65536 bytes of JSON',
    issues: [{ path: 'payload.spec', message: 'spec must be at most 65536 bytes of JSON' }],
  });
});

test('every problem of an input is told at once, and nothing is written', async () => {
  const { ok, error } = await refused({ action: 'start', payload: { request: ' ', userId: 'a#b', extra: 1 } });
  expect(ok).toBe(false);
  expect(error.code).toBe('BAD_REQUEST');
  expect(error.issues).toEqual(
    expect.arrayContaining([
      { path: 'payload.request', message: 'request is empty' },
      { path: 'payload.userId', message: 'userId must be 1 to 64 of A-Z a-z 0-9 _ . -' },
      { path: 'payload.orgId', message: 'orgId is required' },
    ]),
  );
  for (const event of [
    undefined,
    null,
    'start',
    {},
    { action: 'stop', payload: {} },
    { action: 'start' },
    { action: 'start', payload: { ...reference, spec: [] } },
    // Would have the container read another build's specification.
    { action: 'start', payload: { ...reference, spec: { specKey: 'builds/another/spec.json' } } },
    { action: 'start', payload: { ...reference, request: 'x'.repeat(8_001) } },
    { action: 'list', payload: { orgId: 'test', limit: 51 } },
    { action: 'list', payload: { orgId: 'test', limit: 0 } },
    { action: 'status', payload: { orgId: 'test', buildId: '../x' } },
  ]) {
    expect(await refused(event)).toMatchObject({ ok: false, error: { code: 'BAD_REQUEST' } });
  }
  expect(tables.tables.items('builds')).toEqual([]);
  expect(states.calls).toEqual([]);
});

test('a start that is repeated with its key returns the same build and starts nothing', async () => {
  const first = await start({ idempotencyKey: 'k', spec: { a: 1, b: 2 } });
  const second = await start({ spec: { b: 2, a: 1 }, idempotencyKey: 'k' });
  expect(second).toEqual(first);
  expect(executions.size).toBe(1);
  expect(tables.tables.items('builds').map(({ SK }) => SK!.S)).toEqual(
    expect.arrayContaining([`BUILD#${first.buildId}`, 'IDEM#k']),
  );
  expect(tables.tables.items('builds')).toHaveLength(2);
  // The key is the organisation's own.
  expect((await start({ orgId: 'other', idempotencyKey: 'k', spec: { a: 1, b: 2 } })).buildId).not.toBe(first.buildId);
});

test('many at once with one key make one build', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => start({ idempotencyKey: 'k' })));
  expect(new Set(answers.map(({ buildId }) => buildId)).size).toBe(1);
  expect(executions.size).toBe(1);
});

test('a key holds for 24 hours, and for one request', async () => {
  const first = await start({ idempotencyKey: 'k' });
  expect(await refused({ action: 'start', payload: { ...reference, request: 'other', idempotencyKey: 'k' } })).toEqual({
    ok: false,
    error: { code: 'CONFLICT', message: 'this idempotencyKey has been used with another request' },
  });
  clock = new Date('2026-02-05T09:59:59.000Z');
  expect((await start({ idempotencyKey: 'k' })).buildId).toBe(first.buildId);
  clock = new Date('2026-02-05T10:00:00.000Z');
  expect((await start({ idempotencyKey: 'k' })).buildId).not.toBe(first.buildId);
});

test('a start that died half-way goes on when it is repeated', async () => {
  tables.aws.answer = (call) =>
    call.operation === 'UpdateItem' ? { fault: 'AccessDenied' } : tables.tables.answer(call);
  await expect(start({ idempotencyKey: 'k' })).rejects.toThrow('AccessDenied');
  tables.aws.answer = (call) => tables.tables.answer(call);
  expect(await start({ idempotencyKey: 'k' })).toMatchObject({ status: 'running' });
  expect(executions.size).toBe(1);
});

test('a start that fails sets the record to failed', async () => {
  states.answer = () => ({ fault: 'StateMachineDoesNotExist', message: 'gone: arn:aws:states:x' });
  const { ok, error, buildId } = await refused({ action: 'start', payload: reference });
  expect({ ok, error }).toEqual({
    ok: false,
    error: { code: 'START_FAILED', message: 'the build could not be started' },
  });
  expect(await build(buildId!)).toMatchObject({ status: 'failed', error: { error: 'StateMachineDoesNotExist' } });
});

test('a specification that cannot be stored is a start that fails', async () => {
  bucket.answer = () => ({ fault: 'AccessDenied', status: 403 });
  const answer = await refused({ action: 'start', payload: { ...reference, spec: { goal: 'x'.repeat(10_000) } } });
  expect(answer.error.code).toBe('START_FAILED');
  expect((await build(answer.buildId!)).status).toBe('failed');
  expect(executions.size).toBe(0);
});

test('a pipeline that was faster than we keeps its word', async () => {
  states.answer = async (call) => {
    const [item] = tables.tables.items('builds');
    item!.status = { S: 'completed' };
    return answerStates(call);
  };
  const { status, buildId, executionArn } = await start();
  expect(status).toBe('completed');
  expect(await build(buildId)).toMatchObject({ status: 'completed', executionArn });
});

test('lists the builds of one organisation, newest first and without what is large', async () => {
  const ids: string[] = [];
  for (let minute = 0; minute < 8; minute += 1) {
    clock = new Date(Date.UTC(2026, 1, 4, 10, minute));
    ids.unshift((await start({ idempotencyKey: `k${minute}` })).buildId);
  }
  await start({ orgId: 'other' });
  const list = async (payload: object) =>
    (await kickoff.handle({ action: 'list', payload: { orgId: 'test', ...payload } })) as unknown as {
      builds: Build[];
    };
  expect((await list({})).builds.map(({ buildId }) => buildId)).toEqual(ids);
  expect((await list({ limit: 5 })).builds.map(({ buildId }) => buildId)).toEqual(ids.slice(0, 5));
  expect((await list({ orgId: 'nobody' })).builds).toEqual([]);
  const [first] = (await list({ limit: 1 })).builds;
  expect(first).toMatchObject({ status: 'running', request: reference.request });
  expect(first).not.toHaveProperty('spec');
  expect(first).not.toHaveProperty('PK');
});

test('cancelling stops the execution and ends the build, once', async () => {
  const { buildId } = await start();
  const cancel = (orgId = 'test') => kickoff.handle({ action: 'cancel', payload: { orgId, buildId } });
  expect(await cancel('other')).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
  expect(executions.get(buildId)!.open).toBe(true);
  expect(await cancel()).toEqual({ ok: true, buildId, status: 'failed' });
  expect(executions.get(buildId)!.open).toBe(false);
  expect(await build(buildId)).toMatchObject({ status: 'failed', error: { error: 'Cancelled' } });
  expect(await cancel()).toEqual({ ok: true, buildId, status: 'failed' });
  expect(states.calls.filter(({ operation }) => operation === 'StopExecution')).toHaveLength(1);
});

test('a build that is cancelled while it starts is stopped', async () => {
  states.answer = async (call) => {
    if (call.operation === 'StartExecution') {
      const buildId = String(call.input.name);
      await kickoff.handle({ action: 'cancel', payload: { orgId: 'test', buildId } });
    }
    return answerStates(call);
  };
  const { buildId, status } = await start();
  expect(status).toBe('failed');
  expect(executions.get(buildId)!.open).toBe(false);
});

test('the builds of others are not there', async () => {
  const { buildId } = await start();
  const answer = await refused({ action: 'status', payload: { orgId: 'other', buildId } });
  expect(answer.error).toEqual({ code: 'NOT_FOUND', message: `there is no build ${buildId}` });
});
