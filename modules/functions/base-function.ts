/**
 * What every Lambda function has, whatever its code comes in: its role, its log group, its limits. Name and ARN are plain
 * strings, known before anything exists: functions may call one another, and themselves, without a cycle.
 */
import { LambdaFunction, type LambdaFunctionConfig } from '@cdktf/provider-aws/lib/lambda-function';
import { LambdaFunctionEventInvokeConfig } from '@cdktf/provider-aws/lib/lambda-function-event-invoke-config';
import type { Subnet } from '@cdktf/provider-aws/lib/subnet';
import { Construct } from 'constructs';
import { check, inRange, matches, unless, type Rule } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Grantee } from '../iam/policy';
import { Role } from '../iam/role';
import { LogGroup } from '../logs/log-group';
import type { Naming } from '../naming/naming';
import type { SecurityGroup } from '../networking/security-group';

export interface BaseFunctionProps {
  readonly naming: Naming;
  /** Last part of the function's name, of the role's and of the log group's. */
  readonly part: string;
  readonly account: string;
  readonly region: string;
  readonly logRetentionDays: number;
  readonly description?: string;
  /** No secrets: whoever may describe the function reads them. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** How often Lambda repeats an asynchronous call that failed, 0 to 2. @default 0 */
  readonly maximumRetryAttempts?: number;
  /** Calls at a time, taken from the account's 1000 for this function alone; 0 stops it. @default - no reservation */
  readonly reservedConcurrency?: number;
}

/** With the kind's own defaults filled in. */
interface SizedProps extends BaseFunctionProps {
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  readonly subnets?: readonly Subnet[];
  readonly securityGroup?: SecurityGroup;
}

interface FunctionKind {
  /** For messages. */
  readonly kind: string;
  /** The kind's own checks, reported with the others. */
  readonly rules?: readonly Rule[];
  /** The arguments that say what to run, asked for once everything is checked. */
  readonly code: (construct: Construct) => Partial<LambdaFunctionConfig>;
}

/** Names that Lambda sets itself and refuses in a function's environment. */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_REGION|REGION|EXECUTION_ENV|ACCESS_KEY|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|AWS_LAMBDA_.+|LAMBDA_(TASK_ROOT|RUNTIME_DIR))$/;
/** All names and values together. */
const ENVIRONMENT_BYTES = 4096;

/** What Lambda needs to give a function addresses in a VPC. */
const interfaceActions = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

export abstract class BaseFunction extends Construct {
  readonly resource: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;
  /** A plain string, not a token. */
  readonly name: string;
  /** A plain string, not a token. */
  readonly arn: string;
  readonly region: string;

  protected constructor(scope: Construct, id: string, props: SizedProps, { kind, rules = [], code }: FunctionKind) {
    super(scope, id);
    const {
      naming,
      part,
      account,
      region,
      memoryMiB,
      timeoutSeconds,
      environment = {},
      subnets,
      securityGroup,
    } = props;
    const variables = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
    const bytes = variables.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
    check(this, kind, [
      matches('region', region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as us-west-2'),
      inRange('memoryMiB', memoryMiB, 128, 10_240, 'MiB'),
      inRange('timeoutSeconds', timeoutSeconds, 1, 900, 'seconds'),
      inRange('maximumRetryAttempts', props.maximumRetryAttempts, 0, 2, 'attempts'),
      inRange('reservedConcurrency', props.reservedConcurrency, 0, 1000, 'calls at a time'),
      ...variables.map(([name]) =>
        unless(
          !/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || RESERVED.test(name),
          `environment has "${name}"; allowed: names of letters, digits and _ that Lambda does not set itself`,
        ),
      ),
      unless(bytes > ENVIRONMENT_BYTES, `environment has ${bytes} bytes; allowed: ${ENVIRONMENT_BYTES} in all`),
      unless(
        (subnets === undefined) !== (securityGroup === undefined),
        `${subnets === undefined ? 'securityGroup' : 'subnets'} is given alone; allowed: subnets and securityGroup together`,
      ),
      unless(subnets?.length === 0, 'subnets is empty; allowed: at least one'),
      ...rules,
    ]);
    this.region = region;
    this.name = naming.name('aws_lambda_function', part);
    this.arn = `arn:aws:lambda:${region}:${account}:function:${this.name}`;
    this.role = new Role(this, 'Role', {
      naming,
      part,
      service: 'lambda.amazonaws.com',
      account,
      description: `What the code of ${this.name} may do`,
    });
    this.logGroup = new LogGroup(this, 'Logs', {
      // Lambda writes to the group of this name whatever the stack calls it.
      name: naming.name('aws_cloudwatch_log_group', part, '/aws/lambda/'),
      retentionDays: props.logRetentionDays,
    });
    this.logGroup.grantWrite(this.role);
    if (subnets !== undefined) this.#grantNetworkInterfaces();
    this.resource = new LambdaFunction(this, 'Resource', {
      functionName: this.name,
      description: props.description,
      role: this.role.arn,
      ...code(this),
      memorySize: memoryMiB,
      timeout: timeoutSeconds,
      reservedConcurrentExecutions: props.reservedConcurrency,
      environment: variables.length === 0 ? undefined : { variables: Object.fromEntries(variables) },
      vpcConfig:
        subnets === undefined || securityGroup === undefined
          ? undefined
          : { subnetIds: subnets.map((subnet) => subnet.id), securityGroupIds: [securityGroup.id] },
      // The group first, or Lambda makes one without an end; the policies first, or a first call may lack them.
      dependsOn: [this.logGroup.resource, ...this.role.policies],
    });
    new LambdaFunctionEventInvokeConfig(this, 'EventInvokeConfig', {
      functionName: this.resource.functionName,
      maximumRetryAttempts: props.maximumRetryAttempts ?? 0,
      // Lambda's own default; it reads back, so left out it would be a change at the next plan.
      maximumEventAgeInSeconds: 21_600,
    });
    this.#acceptFindings(props);
  }

  /** Call the function, and wait or not. */
  grantInvoke(grantee: Grantee): void {
    grantee.addToPolicy({
      sid: `Invoke${this.node.id.replace(/[^A-Za-z0-9]/g, '')}`,
      actions: ['lambda:InvokeFunction'],
      resources: [this.arn],
    });
  }

  /** For work that outlives its request: the function calls itself asynchronously. */
  allowSelfInvoke(): void {
    this.grantInvoke(this.role);
  }

  /**
   * Lambda makes the function's interfaces with the function's role, and their ids are not known before. The code has the
   * same role, but no business with interfaces: calls that come from it are denied.
   */
  #grantNetworkInterfaces(): void {
    this.role.addToPolicy({ sid: 'ManageNetworkInterfaces', actions: interfaceActions, resources: ['*'] });
    this.role.addToPolicy({
      sid: 'NotFromTheCode',
      effect: 'Deny',
      actions: interfaceActions,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': this.arn } },
    });
  }

  #acceptFindings({ reservedConcurrency, subnets, environment = {} }: SizedProps): void {
    if (subnets === undefined) {
      skipChecks(this.resource, ['CKV_AWS_117'], {
        reason: 'it calls AWS and public services only; inside a VPC it would need a NAT gateway to reach them',
        owner: 'platform',
      });
    }
    skipChecks(this.resource, ['CKV_AWS_116'], {
      reason: 'asynchronous work keeps its state and its error in its own record, where the caller looks for them',
      owner: 'platform',
    });
    skipChecks(this.resource, ['CKV_AWS_50'], {
      reason: 'every request is one log line with its id and duration; traces are billed and nobody reads them here',
      owner: 'platform',
    });
    if (Object.keys(environment).length > 0) {
      skipChecks(this.resource, ['CKV_AWS_173'], {
        reason: "variables hold names and addresses, no secret; Lambda encrypts them with the account's managed key",
        owner: 'platform',
      });
    }
    if (reservedConcurrency === undefined) {
      skipChecks(this.resource, ['CKV_AWS_115'], {
        reason: 'a reservation takes from all other functions of the account; the API in front has the limits',
        owner: 'platform',
      });
    }
  }
}
