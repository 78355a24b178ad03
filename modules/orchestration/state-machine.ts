/**
 * A Step Functions state machine (Standard) from a typed definition, with its role and its log. The role may do what the
 * states need, each on the very thing they name. Name and ARN are plain strings, known before anything exists: a function
 * that starts executions may be one that they depend on.
 */
import { SfnStateMachine } from '@cdktf/provider-aws/lib/sfn-state-machine';
import { Construct } from 'constructs';
import { check, matches } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { EventPattern } from '../events/event-rule';
import type { Grantee } from '../iam/policy';
import { Role } from '../iam/role';
import { LogGroup } from '../logs/log-group';
import type { Naming } from '../naming/naming';
import { renderDefinition, type Definition, type RunTaskState, type State } from './definition';
import { definitionRules } from './definition-rules';

export interface StateMachineProps {
  readonly naming: Naming;
  /** Last part of the state machine's name and of the log group's. */
  readonly part: string;
  /** Last part of the role's name. @default - the part and `role` */
  readonly rolePart?: string;
  readonly account: string;
  readonly region: string;
  readonly definition: Definition;
  readonly logRetentionDays: number;
  /** Whether the log holds what states get and give. Whoever reads the log then reads that. @default false */
  readonly logExecutionData?: boolean;
  /** Traces in X-Ray, billed by the trace. @default false */
  readonly tracing?: boolean;
}

/** How an execution stands, or ended. */
export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export class StateMachine extends Construct {
  readonly resource: SfnStateMachine;
  readonly role: Role;
  readonly logGroup: LogGroup;
  /** A plain string, not a token. */
  readonly name: string;
  /** A plain string, not a token. */
  readonly arn: string;
  readonly #executions: string;

  constructor(scope: Construct, id: string, props: StateMachineProps) {
    super(scope, id);
    const { naming, part, account, region, definition } = props;
    check(this, 'orchestration.StateMachine', [
      matches('account', account, /^\d{12}$/, '12 digits'),
      matches('region', region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as us-west-2'),
      ...definitionRules(definition),
    ]);
    const states = Object.values(definition.states);
    this.name = naming.name('aws_sfn_state_machine', part);
    this.arn = `arn:aws:states:${region}:${account}:stateMachine:${this.name}`;
    this.#executions = `arn:aws:states:${region}:${account}:execution:${this.name}:*`;
    this.logGroup = new LogGroup(this, 'Logs', {
      name: naming.name('aws_cloudwatch_log_group', part, '/aws/stepfunctions/'),
      retentionDays: props.logRetentionDays,
    });
    this.role = new Role(this, 'Role', {
      naming,
      part: props.rolePart ?? `${part}-role`,
      service: 'states.amazonaws.com',
      account,
      description: `What the states of ${this.name} may do`,
    });
    this.#grantTasks(
      states.filter((state) => state.type === 'runTask'),
      props,
    );
    this.#grantFunctions(states);
    this.#grantReports(props);
    this.resource = new SfnStateMachine(this, 'Resource', {
      name: this.name,
      type: 'STANDARD',
      roleArn: this.role.arn,
      definition: renderDefinition(definition),
      loggingConfiguration: {
        // The suffix names all streams of the group; Step Functions refuses the group's own ARN.
        logDestination: `${this.logGroup.arn}:*`,
        level: 'ALL',
        includeExecutionData: props.logExecutionData ?? false,
      },
      tracingConfiguration: { enabled: props.tracing ?? false },
      // Step Functions tries the role's grants for logs before it makes the state machine.
      dependsOn: this.role.policies,
    });
    this.#acceptFindings(props);
  }

  /** Start executions. */
  grantStart(grantee: Grantee): void {
    grantee.addToPolicy({ sid: 'StartExecutions', actions: ['states:StartExecution'], resources: [this.arn] });
  }

  /** Look at executions of this state machine and stop them. */
  grantManageExecutions(grantee: Grantee): void {
    grantee.addToPolicy({
      sid: 'ManageExecutions',
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resources: [this.#executions],
    });
  }

  /** What EventBridge says when an execution of this state machine gets to one of these; for an event rule. */
  executionEvents(statuses: readonly ExecutionStatus[]): EventPattern {
    return {
      source: ['aws.states'],
      detailTypes: ['Step Functions Execution Status Change'],
      detail: { stateMachineArn: [this.arn], status: statuses },
    };
  }

  #grantTasks(tasks: readonly RunTaskState[], { account, region }: StateMachineProps): void {
    for (const taskDefinition of new Set(tasks.map((task) => task.taskDefinition))) {
      const clusters = tasks.filter((task) => task.taskDefinition === taskDefinition).map((task) => task.cluster);
      taskDefinition.grantRun(this.role, [...new Set(clusters)]);
    }
    for (const cluster of new Set(tasks.map((task) => task.cluster))) {
      cluster.grantWatchTasks(this.role, { account, region });
    }
    if (tasks.length === 0) return;
    // The rule by which Step Functions hears of a task's end: its own, one in an account and region.
    this.role.addToPolicy({
      sid: 'HearOfTasks',
      actions: ['events:DescribeRule', 'events:PutRule', 'events:PutTargets'],
      resources: [`arn:aws:events:${region}:${account}:rule/StepFunctionsGetEventsForECSTaskRule`],
    });
  }

  #grantFunctions(states: readonly State[]): void {
    const called = states.flatMap((state) => (state.type === 'invoke' ? [state.function] : []));
    for (const each of new Set(called)) each.grantInvoke(this.role);
  }

  #grantReports({ tracing = false }: StateMachineProps): void {
    this.role.addToPolicy({
      sid: 'DeliverLogs',
      actions: [
        'logs:CreateLogDelivery',
        'logs:DeleteLogDelivery',
        'logs:DescribeLogGroups',
        'logs:DescribeResourcePolicies',
        'logs:GetLogDelivery',
        'logs:ListLogDeliveries',
        'logs:PutResourcePolicy',
        'logs:UpdateLogDelivery',
      ],
      // Log deliveries are the account's: AWS has no finer scope.
      resources: ['*'],
    });
    if (!tracing) return;
    this.role.addToPolicy({
      sid: 'WriteTraces',
      actions: [
        'xray:GetSamplingRules',
        'xray:GetSamplingTargets',
        'xray:PutTelemetryRecords',
        'xray:PutTraceSegments',
      ],
      // AWS has no finer scope for traces.
      resources: ['*'],
    });
  }

  #acceptFindings({ tracing = false, logExecutionData = false }: StateMachineProps): void {
    if (!tracing) {
      skipChecks(this.resource, ['CKV_AWS_284'], {
        reason:
          'the log has a line for each event of an execution; traces are billed and are a value of the environment',
        owner: 'platform',
      });
    }
    if (!logExecutionData) {
      skipChecks(this.resource, ['CKV_AWS_285'], {
        reason: 'every event is logged, without what the states get and give: those are the words of users',
        owner: 'platform',
      });
    }
  }
}
