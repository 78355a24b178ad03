import type { TerraformStack } from 'cdktf';
import { Cluster } from '../compute/cluster';
import { other } from '../compute/testing';
import { Role } from '../iam/role';
import { account, expectPassThrough, messageOf, naming, region, skipsOf, statements, synth } from '../testing';
import { parts, pipeline } from './testing';
import { StateMachine, type StateMachineProps } from './state-machine';

const base = { naming, part: 'pipeline', account, region, logRetentionDays: 7 };
const build = (stack: TerraformStack, props: Partial<StateMachineProps> = {}) =>
  new StateMachine(stack, 'machine', { ...base, definition: pipeline(parts(stack)), ...props });
const machine = (props: Partial<StateMachineProps> = {}) => synth((stack) => void build(stack, props));
const grants = (props: Partial<StateMachineProps> = {}) => {
  const policy = machine(props)
    .all('aws_iam_role_policy')
    .find(({ name }) => String(name).startsWith('shop-test-pipeline'));
  return statements(policy?.['policy'] as string);
};
const resource = (type: string) => expect.stringMatching(new RegExp(`^\\$\\{${type}`));

describe('orchestration.StateMachine', () => {
  it('is a Standard state machine that logs every event without its data', () => {
    const found = machine();
    const made = found.only('aws_sfn_state_machine');
    expect(made).toMatchObject({
      name: 'shop-test-pipeline',
      type: 'STANDARD',
      role_arn: resource('aws_iam_role.machine_Role'),
      logging_configuration: { level: 'ALL', include_execution_data: false },
      tracing_configuration: { enabled: false },
    });
    expect(made['logging_configuration'].log_destination).toMatch(
      /^\$\{aws_cloudwatch_log_group\.machine_Logs.*\.arn\}:\*$/,
    );
    expect(made['depends_on']).toEqual([expect.stringMatching(/^aws_iam_role_policy\.machine_Role_Policy/)]);
    expect(found.all('aws_cloudwatch_log_group')).toContainEqual(
      expect.objectContaining({ name: '/aws/stepfunctions/shop-test-pipeline', retention_in_days: 7 }),
    );
    expect(machine({ logExecutionData: true, tracing: true }).only('aws_sfn_state_machine')).toMatchObject({
      logging_configuration: { include_execution_data: true },
      tracing_configuration: { enabled: true },
    });
  });

  it('names the cluster, the family and the functions by reference', () => {
    const { States } = JSON.parse(machine().only('aws_sfn_state_machine')['definition']);
    expect(States.First.Parameters).toMatchObject({
      Cluster: expect.stringMatching(/^\$\{aws_ecs_cluster\.cluster_\w+\.arn\}$/),
      TaskDefinition: expect.stringMatching(/^\$\{aws_ecs_task_definition\.task_\w+\.family\}$/),
    });
    expect(States.Read.Resource).toMatch(/^\$\{aws_lambda_function\.reader_\w+\.arn\}$/);
  });

  it('has a role for Step Functions that may do what the states need and nothing else, each once', () => {
    expect(machine().all('aws_iam_role')).toContainEqual(
      expect.objectContaining({
        name: 'shop-test-pipeline-role',
        assume_role_policy: expect.stringContaining('"states.amazonaws.com"'),
      }),
    );
    expect(grants()).toEqual([
      {
        Sid: 'Runtask',
        Effect: 'Allow',
        Action: ['ecs:RunTask'],
        Resource: [expect.stringMatching(/^\$\{aws_ecs_task_definition\.task_\w+\.arn_without_revision\}:\*$/)],
        Condition: { ArnEquals: { 'ecs:cluster': [resource('aws_ecs_cluster')] } },
      },
      {
        Sid: 'PassRolesOftask',
        Effect: 'Allow',
        Action: ['iam:PassRole'],
        Resource: [resource('aws_iam_role.task_ExecutionRole'), resource('aws_iam_role.task_TaskRole')],
        Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      },
      {
        Sid: 'WatchTasksOfcluster',
        Effect: 'Allow',
        Action: ['ecs:DescribeTasks', 'ecs:StopTask'],
        Resource: [
          expect.stringMatching(/^arn:aws:ecs:us-east-1:111111111111:task\/\$\{aws_ecs_cluster\.\w+\.name\}\/\*$/),
        ],
      },
      {
        Sid: 'HearOfTasks',
        Effect: 'Allow',
        Action: ['events:DescribeRule', 'events:PutRule', 'events:PutTargets'],
        Resource: ['arn:aws:events:us-east-1:111111111111:rule/StepFunctionsGetEventsForECSTaskRule'],
      },
      {
        Sid: 'Invokereader',
        Effect: 'Allow',
        Action: ['lambda:InvokeFunction'],
        Resource: ['arn:aws:lambda:us-west-2:111111111111:function:shop-test-reader'],
      },
      {
        Sid: 'DeliverLogs',
        Effect: 'Allow',
        Action: [
          'logs:CreateLogDelivery',
          'logs:DeleteLogDelivery',
          'logs:DescribeLogGroups',
          'logs:DescribeResourcePolicies',
          'logs:GetLogDelivery',
          'logs:ListLogDeliveries',
          'logs:PutResourcePolicy',
          'logs:UpdateLogDelivery',
        ],
        Resource: ['*'],
      },
    ]);
  });

  it('may write traces where it does, and nothing of ECS where it runs no task', () => {
    expect(grants({ tracing: true }).at(-1)).toMatchObject({
      Sid: 'WriteTraces',
      Action: ['xray:GetSamplingRules', 'xray:GetSamplingTargets', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
    });
    const definition = { input: [], startAt: 'End', timeoutSeconds: 1, states: { End: { type: 'succeed' } } } as const;
    expect(grants({ definition }).map(({ Sid }) => Sid)).toEqual(['DeliverLogs']);
  });

  it('grants a family in each cluster that it runs in', () => {
    const found = synth((stack) => {
      const made = parts(stack);
      const definition = pipeline(made);
      const cluster = new Cluster(stack, 'spare', { naming, part: 'spare' });
      const states = { ...definition.states, Second: { ...made.runTask, cluster, next: 'Done' } };
      new StateMachine(stack, 'machine', { ...base, definition: { ...definition, states } });
    });
    const policy = found.all('aws_iam_role_policy').find(({ name }) => name === 'shop-test-pipeline-role');
    const made = statements(policy?.['policy'] as string);
    expect(made[0]).toMatchObject({
      Sid: 'Runtask',
      Condition: {
        ArnEquals: { 'ecs:cluster': [resource('aws_ecs_cluster.cluster'), resource('aws_ecs_cluster.spare')] },
      },
    });
    const sids = made.map(({ Sid }) => Sid);
    expect(sids).toEqual(expect.arrayContaining(['WatchTasksOfcluster', 'WatchTasksOfspare']));
    expect(new Set(sids).size).toBe(sids.length);
  });

  it('grants starting, and looking at and stopping its executions, and says which events they send', () => {
    let events: unknown;
    const found = synth((stack) => {
      const made = build(stack);
      const role = new Role(stack, 'starter', {
        naming,
        part: 'starter',
        service: 'lambda.amazonaws.com',
        account,
        description: 'd',
      });
      made.grantStart(role);
      made.grantManageExecutions(role);
      events = made.executionEvents(['TIMED_OUT', 'ABORTED']);
    });
    const policy = found.all('aws_iam_role_policy').find(({ name }) => name === 'shop-test-starter');
    expect(statements(policy?.['policy'] as string)).toMatchObject([
      {
        Action: ['states:StartExecution'],
        Resource: ['arn:aws:states:us-east-1:111111111111:stateMachine:shop-test-pipeline'],
      },
      {
        Action: ['states:DescribeExecution', 'states:StopExecution'],
        Resource: ['arn:aws:states:us-east-1:111111111111:execution:shop-test-pipeline:*'],
      },
    ]);
    expect(events).toEqual({
      source: ['aws.states'],
      detailTypes: ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: ['arn:aws:states:us-east-1:111111111111:stateMachine:shop-test-pipeline'],
        status: ['TIMED_OUT', 'ABORTED'],
      },
    });
  });

  it('reports every problem at once, those of the definition with its own', () => {
    const given = {
      account: '1',
      region: 'here',
      definition: { input: [], startAt: 'Nowhere', timeoutSeconds: 0, states: { End: { type: 'succeed' } } },
    } as const;
    expect(messageOf(() => machine(given))).toBe(
      [
        'orchestration.StateMachine at test/machine: 5 problems',
        '- account is "1"; allowed: 12 digits',
        '- region is "here"; allowed: a region such as us-west-2',
        '- timeoutSeconds is 0; allowed: a whole number from 1 to 31536000 seconds',
        '- startAt is "Nowhere"; allowed: End',
        '- states.End is never reached from "Nowhere"',
      ].join('\n'),
    );
  });

  it('accepts findings only where the reason holds', () => {
    const own = (props: Partial<StateMachineProps>) =>
      skipsOf((stack) => void build(stack, props)).filter((check) => /28[45]$/.test(check));
    expect(own({})).toEqual(['CKV_AWS_284', 'CKV_AWS_285']);
    expect(own({ tracing: true, logExecutionData: true })).toEqual([]);
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<StateMachineProps, 'definition'>>(
      base,
      {
        naming: other,
        part: 'line',
        rolePart: 'p-role',
        account: '222222222222',
        region: 'us-west-2',
        logRetentionDays: 30,
        logExecutionData: true,
        tracing: true,
      },
      (stack, props) => void build(stack, props),
    );
  });
});
