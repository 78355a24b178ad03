import { silentReporter } from '../console/reporter';
import { importId, type TerraformJson } from './import-ids';
import { readJournal, recover } from './recover';
import type { EngineEvent } from './run';

const event = (type: string, addr: string, action: string, id_value?: string): EngineEvent => ({
  '@level': 'info',
  '@message': '',
  type,
  hook: { resource: { addr, resource_type: addr.split('.')[0]! }, action, id_key: 'id', id_value },
});
const complete = (addr: string, action: string, id?: string): EngineEvent => event('apply_complete', addr, action, id);

const config: TerraformJson = {
  resource: {
    aws_vpc: { a: {}, b: {} },
    aws_subnet: { s: {} },
    aws_route_table: { r: {} },
    aws_route_table_association: { x: { subnet_id: '${aws_subnet.s.id}', route_table_id: '${aws_route_table.r.id}' } },
    aws_dynamodb_table: { t: { name: 't3nets-dev-tenants' } },
    aws_ecs_cluster: { c: { name: 'main' } },
    aws_ecs_service: { e: { name: 'router', cluster: '${aws_ecs_cluster.c.arn}' } },
    aws_api_gateway_rest_api: { a: { name: 'api' } },
    aws_api_gateway_deployment: { d: { rest_api_id: '${aws_api_gateway_rest_api.a.id}' } },
    aws_api_gateway_stage: { s: { rest_api_id: '${aws_api_gateway_rest_api.a.id}', stage_name: 'dev' } },
    aws_cognito_user_pool_client: { c: { name: 'client', user_pool_id: '${aws_cognito_user_pool.u.id}' } },
    aws_lambda_function: { f: { function_name: 'text-dev' } },
    aws_lambda_permission: { l: { function_name: '${aws_lambda_function.f.function_name}', statement_id: 'api' } },
    aws_s3_bucket: { b: { bucket: 'images-dev' } },
    aws_s3_bucket_policy: { b: { bucket: '${aws_s3_bucket.b.bucket}' } },
    aws_iam_role: { i: { name: 'role-1' } },
    aws_iam_policy: { p: {} },
    aws_iam_role_policy_attachment: { y: { role: '${aws_iam_role.i.name}', policy_arn: '${aws_iam_policy.p.arn}' } },
  },
};

test('the journal tells what was created, what was begun, and forgets what went away or failed', () => {
  const journal = readJournal([
    event('apply_start', 'aws_vpc.a', 'create'),
    complete('aws_vpc.a', 'create', 'vpc-1'),
    complete('aws_vpc.b', 'create', 'vpc-2'),
    complete('aws_vpc.b', 'delete'),
    complete('aws_vpc.c', 'update', 'vpc-3'),
    event('apply_start', 'aws_subnet.s', 'create'),
    event('apply_start', 'aws_route_table.r', 'create'),
    event('apply_errored', 'aws_route_table.r', 'create'),
  ]);
  expect([...journal.created]).toEqual([['aws_vpc.a', 'vpc-1']]);
  expect(journal.begun).toEqual(['aws_subnet.s']);
});

test.each([
  ['aws_vpc.a', { 'aws_vpc.a': 'vpc-1' }, 'vpc-1'],
  ['aws_vpc.a', {}, undefined],
  ['aws_route_table_association.x', { 'aws_subnet.s': 'subnet-1', 'aws_route_table.r': 'rtb-1' }, 'subnet-1/rtb-1'],
  ['aws_route_table_association.x', { 'aws_subnet.s': 'subnet-1' }, undefined],
  ['aws_dynamodb_table.t', {}, 't3nets-dev-tenants'],
  ['aws_ecs_service.e', { 'aws_ecs_cluster.c': 'arn:aws:ecs:us-east-1:111111111111:cluster/main' }, 'main/router'],
  [
    'aws_iam_role_policy_attachment.y',
    { 'aws_iam_policy.p': 'arn:aws:iam::1:policy/p' },
    'role-1/arn:aws:iam::1:policy/p',
  ],
  [
    'aws_api_gateway_deployment.d',
    { 'aws_api_gateway_rest_api.a': 'api-1', 'aws_api_gateway_deployment.d': 'dep-1' },
    'api-1/dep-1',
  ],
  ['aws_api_gateway_deployment.d', { 'aws_api_gateway_rest_api.a': 'api-1' }, undefined],
  ['aws_api_gateway_stage.s', { 'aws_api_gateway_rest_api.a': 'api-1' }, 'api-1/dev'],
  [
    'aws_cognito_user_pool_client.c',
    { 'aws_cognito_user_pool.u': 'us-west-2_a', 'aws_cognito_user_pool_client.c': 'client-1' },
    'us-west-2_a/client-1',
  ],
  ['aws_lambda_function.f', {}, 'text-dev'],
  ['aws_lambda_permission.l', {}, 'text-dev/api'],
  ['aws_s3_bucket_policy.b', {}, 'images-dev'],
  ['aws_ecs_task_definition.d', { 'aws_ecs_task_definition.d': 'family' }, undefined],
])('import id of %s from %j is %s', (address, ids, expected) => {
  expect(importId(address, { config, ids: new Map(Object.entries(ids)) })).toBe(expected);
});

test('only what the state lacks is imported, and the journal is forgotten', async () => {
  const imported: string[][] = [];
  let forgotten = false;
  await recover(
    {
      name: 's',
      config: () => config,
      unfinishedJournal: () => [
        complete('aws_vpc.a', 'create', 'vpc-1'),
        complete('aws_vpc.b', 'create', 'vpc-2'),
        event('apply_start', 'aws_dynamodb_table.t', 'create'),
        event('apply_start', 'aws_subnet.s', 'create'),
        event('apply_start', 'aws_route_table.r', 'create'),
      ],
      stateIds: async () => new Map([['aws_vpc.a', 'vpc-1']]),
      import: async (...call: string[]) => imported.push(call) > 0,
      forgetJournal: () => {
        forgotten = true;
      },
    },
    silentReporter,
    async (address) => (address === 'aws_subnet.s' ? 'subnet-9' : undefined),
  );
  expect(imported).toEqual([
    ['aws_vpc.b', 'vpc-2'],
    ['aws_dynamodb_table.t', 't3nets-dev-tenants'],
    ['aws_subnet.s', 'subnet-9'],
  ]);
  expect(forgotten).toBe(true);
});
