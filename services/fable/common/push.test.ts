import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { startFakeAws, type FakeAws } from '../../common/test-support/fake-aws';
import { buildUpdate, errorFrame } from './frames';
import { Pusher } from './push';

let aws: FakeAws;
const deleted: string[] = [];
const pusher = () =>
  new Pusher({
    client: new ApiGatewayManagementApiClient({ ...aws.settings, maxAttempts: 1 }),
    connections: { delete: async (id) => void deleted.push(id) },
  });
beforeEach(async () => {
  aws = await startFakeAws();
  deleted.length = 0;
});
afterEach(() => aws.close());

test('a frame goes to its connection as JSON', async () => {
  expect(await pusher().send('c=1', { type: 'pong' })).toBe(true);
  expect(aws.calls).toMatchObject([{ operation: '/@connections/c%3D1', input: { type: 'pong' } }]);
});

test('the row of a connection that has gone is deleted; other faults are told', async () => {
  aws.answer = () => ({ fault: 'GoneException', status: 410 });
  expect(await pusher().send('c1', { type: 'pong' })).toBe(false);
  expect(deleted).toEqual(['c1']);
  aws.answer = () => ({ fault: 'ForbiddenException', status: 403 });
  await expect(pusher().send('c2', { type: 'pong' })).rejects.toMatchObject({ name: 'ForbiddenException' });
  expect(deleted).toEqual(['c1']);
});

test('what is too large is not sent: results are left out, messages cut', async () => {
  const large = 'x'.repeat(40_000);
  expect(buildUpdate('b', 'completed', { large })).toEqual({
    type: 'build_update',
    buildId: 'b',
    status: 'completed',
    resultOmitted: true,
  });
  expect(errorFrame('INTERNAL', large).message.length).toBeLessThan(2_001);
  const frame = { type: 'message_delta', conversationId: 'c', text: large } as const;
  await expect(pusher().send('c', frame)).rejects.toThrow('is too large');
  expect(aws.calls).toEqual([]);
});
