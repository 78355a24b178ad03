import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { iamActions } from './iam-actions';
import { Ledger, ledgerFile, readLedger } from './ledger';

const call = {
  environment: 'dev',
  account: '111111111111',
  caller: 'host',
  service: 's3',
  operation: 'HeadBucket',
  resource: 'b',
  status: 200,
  milliseconds: 1,
} as const;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ledger-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('calls are kept in order and found again', async () => {
  const ledger = new Ledger(folder);
  ledger.add(call);
  ledger.add({ ...call, environment: 'staging', service: 'dynamodb', operation: 'Query', caller: 'router/router' });
  await ledger.close();
  expect((await readLedger(folder)).map(({ operation }) => operation)).toEqual(['HeadBucket', 'Query']);
  expect(await readLedger(folder, { environment: 'dev' })).toMatchObject([
    { service: 's3', actions: ['s3:ListBucket'] },
  ]);
  expect(await readLedger(folder, { caller: 'router/router' })).toMatchObject([{ actions: ['dynamodb:Query'] }]);
  expect(await readLedger(folder, { limit: 1 })).toMatchObject([{ operation: 'Query' }]);
  expect(await readLedger(folder, { since: '2999-01-01' })).toEqual([]);
});

test('a line cut short by a kill is passed over', async () => {
  const ledger = new Ledger(folder);
  ledger.add(call);
  await ledger.close();
  appendFileSync(ledgerFile(folder, 0), '{"time":"2026');
  expect(await readLedger(folder)).toHaveLength(1);
});

test('without a ledger there are no calls', async () => {
  expect(await readLedger(join(folder, 'none'))).toEqual([]);
});

test.each([
  ['s3', 'ListObjectsV2', ['s3:ListBucket']],
  ['bedrock', 'Converse', ['bedrock:InvokeModel']],
  ['apigateway', 'CreateApi', ['apigateway:POST']],
  ['monitoring', 'PutMetricAlarm', ['cloudwatch:PutMetricAlarm']],
  ['elasticloadbalancing', 'CreateLoadBalancer', ['elasticloadbalancing:CreateLoadBalancer']],
  ['apigateway', '', []],
  ['', 'X', []],
])('%s %s needs %j', (service, operation, actions) => {
  expect(iamActions(service, operation)).toEqual(actions);
});
