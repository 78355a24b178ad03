import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anomalyInventory, anomalyMonitors } from './anomaly-monitors';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'anomaly-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function call(operation: string, input: object): Promise<Record<string, unknown>> {
  const handler = anomalyMonitors(join(folder, 'store.json'), '111111111111');
  const head = { service: 'ce', operation, protocol: 'json', needsBody: false, resource: '', accessKey: '' } as const;
  const { body } = await handler(head, {} as IncomingMessage, Buffer.from(JSON.stringify(input)));
  return JSON.parse(String(body)) as Record<string, unknown>;
}

test('a monitor with its tags is made, changed, read back and removed', async () => {
  const made = await call('CreateAnomalyMonitor', {
    AnomalyMonitor: { MonitorName: 'all', MonitorType: 'DIMENSIONAL', MonitorDimension: 'SERVICE' },
    ResourceTags: [{ Key: 'a', Value: 'b' }],
  });
  const arn = made['MonitorArn'];
  await call('UpdateAnomalyMonitor', { MonitorArn: arn, MonitorName: 'services' });
  await call('TagResource', { ResourceArn: arn, ResourceTags: [{ Key: 'a', Value: 'c' }] });
  expect(await call('GetAnomalyMonitors', { MonitorArnList: [arn] })).toMatchObject({
    AnomalyMonitors: [{ MonitorArn: arn, MonitorName: 'services', MonitorDimension: 'SERVICE' }],
  });
  expect(await call('ListTagsForResource', { ResourceArn: arn })).toEqual({ ResourceTags: [{ Key: 'a', Value: 'c' }] });
  expect(anomalyInventory(join(folder, 'store.json'))).toEqual([`ce/monitors/${String(arn)}`]);
  await call('DeleteAnomalyMonitor', { MonitorArn: arn });
  expect(await call('GetAnomalyMonitors', { MonitorArnList: [arn] })).toMatchObject({
    __type: 'UnknownMonitorException',
  });
});

test('a subscription is a thing of its own', async () => {
  await call('CreateAnomalySubscription', { AnomalySubscription: { SubscriptionName: 's', Frequency: 'DAILY' } });
  expect(await call('GetAnomalySubscriptions', {})).toMatchObject({
    AnomalySubscriptions: [{ SubscriptionName: 's' }],
  });
});
