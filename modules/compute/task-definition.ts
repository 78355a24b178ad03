/**
 * A Fargate task of one container: task definition, its two roles, its log group. The execution role pulls and logs;
 * what the code may do is granted to the task role by the owners of the resources.
 */
import { EcsTaskDefinition } from '@cdktf/provider-aws/lib/ecs-task-definition';
import { Construct } from 'constructs';
import { check, inRange, matches, unless } from '../checks/checks';
import type { Repository } from '../ecr/repository';
import type { Grantee } from '../iam/policy';
import { Role } from '../iam/role';
import { LogGroup } from '../logs/log-group';
import type { Naming } from '../naming/naming';
import type { Cluster } from './cluster';
import { fargateSizeProblem } from './fargate-sizes';

export interface ContainerHealthCheck {
  /** Program and arguments, run inside the container. */
  readonly command: readonly string[];
  /** @default 30 */
  readonly intervalSeconds?: number;
  /** @default 5 */
  readonly timeoutSeconds?: number;
  /** @default 3 */
  readonly retries?: number;
  /** @default 10 */
  readonly startPeriodSeconds?: number;
}

export interface TaskDefinitionProps {
  readonly naming: Naming;
  /** Last part of the family's name, of the roles' and of the log group's. */
  readonly part: string;
  /** @default - the part */
  readonly containerName?: string;
  /** Whole name. @default - /ecs/ and the family's */
  readonly logGroupName?: string;
  readonly account: string;
  readonly region: string;
  /** Fargate CPU units, 256 to 16384; 1024 are one vCPU. Billed by the second. */
  readonly cpu: number;
  /** One of the sizes that Fargate has for the CPU. */
  readonly memoryMiB: number;
  readonly repository: Repository;
  /** `sha256:...` of the image in the repository. */
  readonly imageDigest: string;
  /** Where the container listens. @default - nowhere: a task that runs to its end */
  readonly containerPort?: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetentionDays: number;
  /** ECS ignores the image's own check, so it is said again here. @default - none */
  readonly healthCheck?: ContainerHealthCheck;
  /** From SIGTERM to SIGKILL; up to 120. @default 30 */
  readonly stopTimeoutSeconds?: number;
  /** @default true */
  readonly readonlyRootFilesystem?: boolean;
}

export class TaskDefinition extends Construct {
  readonly resource: EcsTaskDefinition;
  readonly taskRole: Role;
  readonly executionRole: Role;
  readonly logGroup: LogGroup;
  readonly containerName: string;
  readonly containerPort: number | undefined;

  constructor(scope: Construct, id: string, props: TaskDefinitionProps) {
    super(scope, id);
    const { naming, part, containerName = part, stopTimeoutSeconds = 30, readonlyRootFilesystem = true } = props;
    const names = Object.keys(props.environment);
    check(this, 'compute.TaskDefinition', [
      fargateSizeProblem(props.cpu, props.memoryMiB),
      matches('containerName', containerName, /^[A-Za-z0-9_-]{1,255}$/, '1 to 255 letters, digits, - and _'),
      inRange('containerPort', props.containerPort, 1, 65535),
      inRange('stopTimeoutSeconds', stopTimeoutSeconds, 2, 120, 'seconds'),
      inRange('healthCheck.intervalSeconds', props.healthCheck?.intervalSeconds, 5, 300, 'seconds'),
      inRange('healthCheck.timeoutSeconds', props.healthCheck?.timeoutSeconds, 2, 60, 'seconds'),
      inRange('healthCheck.retries', props.healthCheck?.retries, 1, 10),
      inRange('healthCheck.startPeriodSeconds', props.healthCheck?.startPeriodSeconds, 0, 300, 'seconds'),
      ...names.map((name) =>
        unless(
          !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
          `environment has "${name}"; allowed: names of letters, digits and _`,
        ),
      ),
    ]);
    this.containerName = containerName;
    this.containerPort = props.containerPort;

    this.logGroup = new LogGroup(this, 'Logs', {
      name: props.logGroupName ?? naming.name('aws_cloudwatch_log_group', part, '/ecs/'),
      retentionDays: props.logRetentionDays,
    });
    this.taskRole = this.#role('TaskRole', 'task', 'What the code in the task may do', props);
    this.executionRole = this.#role('ExecutionRole', 'execution', 'Lets ECS pull the image and write the log', props);
    props.repository.grantPull(this.executionRole);
    this.logGroup.grantWrite(this.executionRole);
    this.logGroup.grantWrite(this.taskRole, { createGroup: true });

    this.resource = new EcsTaskDefinition(this, 'Resource', {
      family: naming.name('aws_ecs_task_definition', part),
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: String(props.cpu),
      memory: String(props.memoryMiB),
      runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: 'X86_64' },
      executionRoleArn: this.executionRole.arn,
      taskRoleArn: this.taskRole.arn,
      containerDefinitions: JSON.stringify([
        {
          name: this.containerName,
          image: props.repository.imageUri(props.imageDigest),
          essential: true,
          portMappings: portMappings(props.containerPort),
          environment: names.sort().map((name) => ({ name, value: props.environment[name] })),
          readonlyRootFilesystem,
          stopTimeout: stopTimeoutSeconds,
          ...(props.healthCheck === undefined ? {} : { healthCheck: healthCheck(props.healthCheck) }),
          logConfiguration: {
            logDriver: 'awslogs',
            options: {
              'awslogs-group': this.logGroup.name,
              'awslogs-region': props.region,
              'awslogs-stream-prefix': containerName,
            },
          },
        },
      ]),
    });
  }

  /** Run any revision of the family in these clusters, with its two roles. */
  grantRun(grantee: Grantee, clusters: readonly Cluster[]): void {
    const name = this.node.id.replace(/[^A-Za-z0-9]/g, '');
    grantee.addToPolicy({
      sid: `Run${name}`,
      actions: ['ecs:RunTask'],
      resources: [`${this.resource.arnWithoutRevision}:*`],
      conditions: { ArnEquals: { 'ecs:cluster': clusters.map(({ resource }) => resource.arn) } },
    });
    grantee.addToPolicy({
      sid: `PassRolesOf${name}`,
      actions: ['iam:PassRole'],
      resources: [this.executionRole.arn, this.taskRole.arn],
      conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    });
  }

  #role(id: string, kind: string, description: string, { naming, part, account }: TaskDefinitionProps): Role {
    return new Role(this, id, {
      naming,
      part: `${part}-${kind}`,
      service: 'ecs-tasks.amazonaws.com',
      account,
      description,
    });
  }
}

function portMappings(port: number | undefined): Record<string, unknown>[] {
  return port === undefined ? [] : [{ containerPort: port, hostPort: port, protocol: 'tcp' }];
}

function healthCheck(check: ContainerHealthCheck): Record<string, unknown> {
  return {
    command: ['CMD', ...check.command],
    interval: check.intervalSeconds ?? 30,
    timeout: check.timeoutSeconds ?? 5,
    retries: check.retries ?? 3,
    startPeriod: check.startPeriodSeconds ?? 10,
  };
}
