import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { autoscaling, autoscalingInventory } from './autoscaling';

const target = { ServiceNamespace: 'ecs', ResourceId: 'service/c/s', ScalableDimension: 'ecs:service:DesiredCount' };
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'autoscaling-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function call(operation: string, input: object): Promise<{ status: number; value: Record<string, unknown> }> {
  const handler = autoscaling(join(folder, 'store.json'), '111111111111');
  const head = {
    service: 'application-autoscaling',
    operation,
    protocol: 'json',
    needsBody: false,
    resource: '',
    accessKey: '',
  } as const;
  const { status, body } = await handler(head, {} as IncomingMessage, Buffer.from(JSON.stringify(input)));
  return { status, value: JSON.parse(String(body)) as Record<string, unknown> };
}

test('targets and policies are read back, also by a later process, and go with their target', async () => {
  const { value } = await call('RegisterScalableTarget', {
    ...target,
    MinCapacity: 1,
    MaxCapacity: 4,
    Tags: { a: 'b' },
  });
  const arn = value['ScalableTargetARN'];
  expect((await call('ListTagsForResource', { ResourceARN: arn })).value).toEqual({ Tags: { a: 'b' } });
  await call('PutScalingPolicy', { ...target, PolicyName: 'cpu', PolicyType: 'TargetTrackingScaling' });
  const found = await call('DescribeScalingPolicies', { ServiceNamespace: 'ecs', PolicyNames: ['cpu'] });
  expect(found.value['ScalingPolicies']).toMatchObject([
    { PolicyName: 'cpu', PolicyType: 'TargetTrackingScaling', Alarms: [] },
  ]);
  expect(autoscalingInventory(join(folder, 'store.json'))).toHaveLength(2);
  await call('RegisterScalableTarget', { ...target, MaxCapacity: 8 });
  const targets = await call('DescribeScalableTargets', { ServiceNamespace: 'ecs', ResourceIds: ['service/c/s'] });
  expect(targets.value['ScalableTargets']).toMatchObject([{ MinCapacity: 1, MaxCapacity: 8, ScalableTargetARN: arn }]);
  await call('DeregisterScalableTarget', target);
  expect(autoscalingInventory(join(folder, 'store.json'))).toEqual([]);
});

test('a policy needs its target', async () => {
  expect(await call('PutScalingPolicy', { ...target, PolicyName: 'cpu' })).toMatchObject({
    status: 400,
    value: { __type: 'ObjectNotFoundException' },
  });
  expect(await call('DeregisterScalableTarget', target)).toMatchObject({ status: 400 });
});

test('answers come in pages', async () => {
  for (const n of [1, 2, 3])
    await call('RegisterScalableTarget', { ...target, ResourceId: `service/c/${n}`, MinCapacity: 1, MaxCapacity: 2 });
  const first = await call('DescribeScalableTargets', { ServiceNamespace: 'ecs', MaxResults: 2 });
  expect(first.value['ScalableTargets']).toHaveLength(2);
  const second = await call('DescribeScalableTargets', {
    ServiceNamespace: 'ecs',
    MaxResults: 2,
    NextToken: first.value['NextToken'],
  });
  expect(second.value['ScalableTargets']).toHaveLength(1);
  expect(second.value['NextToken']).toBeUndefined();
});
