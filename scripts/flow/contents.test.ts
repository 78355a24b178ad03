import { describeContents, groupPrefixes } from './contents';

test('groups that services make by themselves follow from what the state holds', () => {
  const ids = new Map([
    ['aws_cloudwatch_log_group.agent_Resource_1', '/ecs/story-42-west-dev'],
    ['aws_lambda_function.text_Resource_1', 'story-42-west-story-text-regen-dev'],
    ['aws_ecs_cluster.cluster_Resource_1', 'arn:aws:ecs:us-west-2:111111111111:cluster/story-42-west-ecs-cluster-dev'],
    ['aws_api_gateway_rest_api.api_Resource_1', 'abc123'],
    ['aws_rds_cluster.database_Resource_1', 'books-dev'],
    [
      'aws_sfn_state_machine.nightly_Resource_1',
      'arn:aws:states:us-east-1:111111111111:stateMachine:books-nightly-dev',
    ],
    ['aws_s3_bucket.site_Resource_1', 'story-42-west-static-dev'],
  ]);
  expect(groupPrefixes(ids, ['/ecs/story-42-west-dev', '/aws/lambda/story-42-west-data-ops-dev'])).toEqual([
    '/aws/ecs/containerinsights/story-42-west-ecs-cluster-dev',
    '/aws/lambda/story-42-west-data-ops-dev',
    '/aws/lambda/story-42-west-story-text-regen-dev',
    '/aws/rds/cluster/books-dev',
    '/aws/vendedlogs/states/books-nightly-dev',
    '/ecs/story-42-west-dev',
    'API-Gateway-Execution-Logs_abc123',
  ]);
});

test('what goes away is said with its numbers', () => {
  const lines = describeContents({
    buckets: [{ name: 'images', objects: 12 }],
    repositories: [{ name: 'lambda', images: 1 }],
    pools: [{ name: 'users (us-west-2_a)', users: 0 }],
    logGroups: ['/ecs/story-42-west-dev'],
  });
  expect(lines).toEqual([
    '- bucket images: 12 objects',
    '- repository lambda: 1 image',
    '- user pool users (us-west-2_a): 0 users',
    '- log group /ecs/story-42-west-dev',
  ]);
});
