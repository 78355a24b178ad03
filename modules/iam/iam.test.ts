import { Naming } from '../naming/naming';
import { account, expectPassThrough, messageOf, naming, statements, synth } from '../testing';
import { bedrockModelArns, grantInvokeModels } from './bedrock';
import { policyDocument, type PolicyStatement } from './policy';
import { Role, type RoleProps } from './role';

const base: RoleProps = { naming, part: 'worker', service: 'ecs-tasks.amazonaws.com', account, description: 'Works' };

describe('iam.Role', () => {
  it('is taken by one service, for its own account only', () => {
    const role = synth((stack) => new Role(stack, 'role', base)).only('aws_iam_role');
    expect(role).toMatchObject({ name: 'shop-test-worker', description: 'Works' });
    expect(JSON.parse(role['assume_role_policy'])).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'ecs-tasks.amazonaws.com' },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
        },
      ],
    });
  });

  it('has no policy until something is granted, and one with all grants after', () => {
    expect(synth((stack) => new Role(stack, 'role', base)).all('aws_iam_role_policy')).toEqual([]);
    const found = synth((stack) => {
      const role = new Role(stack, 'role', base);
      role.addToPolicy({ actions: ['s3:GetObject'], resources: ['a'] });
      role.addToPolicy({
        sid: 'Two',
        actions: ['s3:PutObject'],
        resources: ['b'],
        conditions: { Bool: { x: 'true' } },
      });
      role.addToPolicy({ effect: 'Deny', actions: ['s3:DeleteObject'], resources: ['c'] });
      role.attach('Extra', 'arn:aws:iam::aws:policy/Some');
    });
    expect(statements(found.only('aws_iam_role_policy')['policy'])).toEqual([
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['a'] },
      { Sid: 'Two', Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['b'], Condition: { Bool: { x: 'true' } } },
      { Effect: 'Deny', Action: ['s3:DeleteObject'], Resource: ['c'] },
    ]);
    expect(found.only('aws_iam_role_policy_attachment')).toMatchObject({ policy_arn: 'arn:aws:iam::aws:policy/Some' });
  });

  it('reports every problem at once', () => {
    expect(messageOf(() => synth((stack) => new Role(stack, 'role', { ...base, service: 'ecs', account: '1' })))).toBe(
      [
        'iam.Role at test/role: 2 problems',
        '- service is "ecs"; allowed: a service principal ending in .amazonaws.com',
        '- account is "1"; allowed: 12 digits',
      ].join('\n'),
    );
  });

  it('passes every prop on', () => {
    expectPassThrough<RoleProps>(
      base,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'p',
        service: 'lambda.amazonaws.com',
        account: '222222222222',
        description: 'Else',
      },
      (stack, props) => new Role(stack, 'role', props),
    );
  });
});

describe('policyDocument', () => {
  it.each(['s3:*', '*'])('refuses %s', (action) => {
    expect(() => policyDocument([{ actions: ['s3:GetObject', action], resources: ['*'] }])).toThrow(
      `IAM policy: ${action} allows everything; name the actions`,
    );
  });
});

describe('bedrockModelArns', () => {
  const place = { region: 'us-east-1', account };

  it.each([
    [
      'anthropic.claude-3-5-sonnet-20240620-v1:0',
      ['arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-5-sonnet-20240620-v1:0'],
    ],
    [
      'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      [
        'arn:aws:bedrock:us-east-1:111111111111:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
        'arn:aws:bedrock:*::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0',
      ],
    ],
    [
      'global.amazon.nova-lite-v1:0',
      [
        'arn:aws:bedrock:us-east-1:111111111111:inference-profile/global.amazon.nova-lite-v1:0',
        'arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0',
      ],
    ],
    [
      'arn:aws:bedrock:us-east-1:1:default-prompt-router/anthropic.claude:1',
      ['arn:aws:bedrock:us-east-1:1:default-prompt-router/anthropic.claude:1'],
    ],
  ])('%s', (modelId, expected) => expect(bedrockModelArns(modelId, place)).toEqual(expected));

  it('grants two actions, each ARN once', () => {
    const given: PolicyStatement[] = [];
    const model = 'amazon.nova-lite-v1:0';
    grantInvokeModels({ addToPolicy: (statement) => void given.push(statement) }, [model, model], place);
    expect(given).toEqual([
      {
        sid: 'InvokeModels',
        actions: ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'],
        resources: ['arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0'],
      },
    ]);
  });
});
