import { startFakeAws, type FakeAws } from '../../common/test-support/fake-aws';
import { createBucketClient } from '../common/clients';
import { parseGetTaskOutputEnvironment, type GetTaskOutputVariables } from './environment';
import { CARRIED_BYTES, getTaskOutput, READ_BYTES } from './output';

const buildId = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const path = `/artifacts/builds/${buildId}/core-output.json?x-id=GetObject`;
const objects = new Map<string, string | Buffer>();

let aws: FakeAws;
beforeEach(async () => {
  objects.clear();
  aws = await startFakeAws(({ operation }) => {
    const object = objects.get(operation);
    if (object !== undefined) return { bytes: Buffer.from(object), type: 'application/json' };
    const body = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>';
    return { bytes: Buffer.from(body), type: 'application/xml', status: 404 };
  });
});
afterEach(() => aws.close());

const get = (event: unknown = { buildId, phase: 'core' }, patienceMilliseconds = 300) =>
  getTaskOutput(
    {
      client: createBucketClient({ ...aws.settings, forcePathStyle: true, maxAttempts: 1 }),
      bucket: 'artifacts',
      patienceMilliseconds,
      pauseMilliseconds: 50,
    },
    event,
  );
const document = (more: object = {}) => ({ buildId, phase: 'core', status: 'completed', ...more });

test('returns the parsed output', async () => {
  objects.set(path, JSON.stringify(document({ specifications: [{ name: 'ü' }] }), null, 2));
  expect(await get()).toEqual(document({ specifications: [{ name: 'ü' }] }));
});

test('each phase has its own', async () => {
  objects.set(path.replace('core', 'oi'), JSON.stringify(document({ phase: 'oi' })));
  expect(await get({ buildId, phase: 'oi' })).toMatchObject({ phase: 'oi' });
  await expect(get()).rejects.toMatchObject({ name: 'OutputNotFound' });
});

test('waits for an object that comes late', async () => {
  setTimeout(() => objects.set(path, JSON.stringify(document())), 150);
  expect(await get(undefined, 5_000)).toEqual(document());
  expect(aws.calls.length).toBeGreaterThan(1);
});

test('gives up on one that does not come', async () => {
  await expect(get()).rejects.toMatchObject({
    name: 'OutputNotFound',
    message: `there is no builds/${buildId}/core-output.json: the container has ended without leaving an output`,
  });
  expect(aws.calls.length).toBeGreaterThan(2);
});

test.each([
  ['not JSON', '{"buildId":', 'is not JSON'],
  ['an empty object', '', 'is not JSON'],
  ['a list', '[]', 'is not a JSON object'],
  ['null', 'null', 'is not a JSON object'],
  ['another build', JSON.stringify(document({ buildId: 'x' })), 'is not of this buildId'],
  ['another phase', JSON.stringify(document({ phase: 'oi' })), 'is not of this phase'],
  ['failed, but of another build', JSON.stringify(document({ buildId: 'x', status: 'failed' })), 'not of this buildId'],
  ['far too much', 'x'.repeat(READ_BYTES + 1), `more than the ${READ_BYTES}`],
])('%s is invalid, at once', async (_what, text, message) => {
  objects.set(path, text);
  await expect(get()).rejects.toMatchObject({ name: 'OutputInvalid', message: expect.stringContaining(message) });
  expect(aws.calls).toHaveLength(1);
});

test('a failed document is refused with its own words, and without its log', async () => {
  objects.set(
    path,
    JSON.stringify(document({ status: 'failed', error: 'the agent ended with 3', logTail: ['secret'] })),
  );
  await expect(get()).rejects.toMatchObject({
    name: 'OutputFailed',
    message: 'phase core has failed: the agent ended with 3',
  });
});

test('200 KB are carried, a byte more is referred to', async () => {
  const room = CARRIED_BYTES - JSON.stringify(document({ text: '' })).length;
  objects.set(path, JSON.stringify(document({ text: 'x'.repeat(room) })));
  expect(await get()).toHaveProperty('text');
  const over = JSON.stringify(document({ text: 'x'.repeat(room + 1) }));
  objects.set(path, over);
  expect(await get()).toEqual({
    outputKey: `builds/${buildId}/core-output.json`,
    bytes: CARRIED_BYTES + 1,
    summary: '',
  });
});

test('a reference says what is in it', async () => {
  const text = 'x'.repeat(CARRIED_BYTES);
  objects.set(path, JSON.stringify(document({ text, specifications: [1, 2], templates: [] })));
  expect(await get()).toMatchObject({ summary: '2 specifications, 0 templates' });
  objects.set(path, JSON.stringify(document({ text, summary: 'all done' })));
  expect(await get()).toMatchObject({ summary: 'all done' });
});

test('a refusal of S3 is told as it is', async () => {
  aws.answer = () => ({ fault: 'AccessDenied', status: 403 });
  await expect(get()).rejects.toMatchObject({ name: expect.not.stringMatching(/^Output/) });
});

test.each([[{}], [{ buildId: '../x', phase: 'core' }], [{ buildId, phase: 'deploy' }], [null]])(
  'bad input is refused: %j',
  async (event) => {
    await expect(get(event)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(aws.calls).toEqual([]);
  },
);

test('environment', () => {
  const variables: GetTaskOutputVariables = { ENVIRONMENT: 'dev', LOG_LEVEL: 'info', ARTIFACTS_BUCKET: 'a' };
  expect(parseGetTaskOutputEnvironment(variables)).toEqual(variables);
  expect(() => parseGetTaskOutputEnvironment({ ...variables, ARTIFACTS_BUCKET: '' })).toThrow(
    '- ARTIFACTS_BUCKET: the name of the artifacts bucket is empty',
  );
});
