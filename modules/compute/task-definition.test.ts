import { account, expectPassThrough, messageOf, naming, region, statements, synth, type Block } from '../testing';
import { Role } from '../iam/role';
import { Cluster } from './cluster';
import { TaskDefinition, type TaskDefinitionProps } from './task-definition';
import { digest, other, repository, taskProps } from './testing';

describe('compute.TaskDefinition', () => {
  const task = (props: Partial<TaskDefinitionProps> = {}) =>
    synth((stack) => new TaskDefinition(stack, 'task', { ...taskProps(stack), ...props }));
  const container = (props: Partial<TaskDefinitionProps> = {}): Block =>
    (JSON.parse(task(props).only('aws_ecs_task_definition')['container_definitions']) as Block[])[0]!;

  it('is a Fargate task on linux/amd64 whose image is named by digest', () => {
    expect(task().only('aws_ecs_task_definition')).toMatchObject({
      family: 'shop-test-web',
      cpu: '256',
      memory: '512',
      network_mode: 'awsvpc',
      requires_compatibilities: ['FARGATE'],
      runtime_platform: { cpu_architecture: 'X86_64', operating_system_family: 'LINUX' },
    });
    expect(container()).toEqual({
      name: 'web',
      image: expect.stringMatching(/^\$\{aws_ecr_repository\.\w+\.repository_url\}@sha256:a{64}$/),
      essential: true,
      portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: 'tcp' }],
      environment: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
      readonlyRootFilesystem: true,
      stopTimeout: 30,
      logConfiguration: {
        logDriver: 'awslogs',
        options: {
          'awslogs-group': expect.stringContaining('aws_cloudwatch_log_group'),
          'awslogs-region': 'us-east-1',
          'awslogs-stream-prefix': 'web',
        },
      },
    });
  });

  it('takes names that do not follow from its part', () => {
    const given = { part: 'story-generator', containerName: 'story-42-agent', logGroupName: '/ecs/story-42-west-dev' };
    const found = task(given);
    expect(found.only('aws_ecs_task_definition')['family']).toBe('shop-test-story-generator');
    expect(found.only('aws_cloudwatch_log_group')['name']).toBe('/ecs/story-42-west-dev');
    expect(container(given)).toMatchObject({
      name: 'story-42-agent',
      logConfiguration: { options: { 'awslogs-stream-prefix': 'story-42-agent' } },
    });
  });

  it('repeats the health check of the image', () => {
    expect(container({ healthCheck: { command: ['check', 'it'] } })['healthCheck']).toEqual({
      command: ['CMD', 'check', 'it'],
      interval: 30,
      timeout: 5,
      retries: 3,
      startPeriod: 10,
    });
    const healthCheck = { command: ['x'], intervalSeconds: 5, timeoutSeconds: 2, retries: 1, startPeriodSeconds: 0 };
    expect(container({ healthCheck })['healthCheck']).toEqual({
      command: ['CMD', 'x'],
      interval: 5,
      timeout: 2,
      retries: 1,
      startPeriod: 0,
    });
  });

  it('gives each role exactly what it needs', () => {
    const policies = Object.fromEntries(
      task()
        .all('aws_iam_role_policy')
        .map((policy) => [policy['name'], statements(policy['policy']).flatMap(({ Action }) => Action)]),
    );
    expect(policies).toEqual({
      'shop-test-web-task': ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      'shop-test-web-execution': [
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
        'ecr:GetAuthorizationToken',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
      ],
    });
  });

  it('reports every problem at once', () => {
    const given = {
      cpu: 300,
      containerName: 'a b',
      containerPort: 65536,
      stopTimeoutSeconds: 121,
      healthCheck: { command: ['x'], intervalSeconds: 4, timeoutSeconds: 61, retries: 11, startPeriodSeconds: 301 },
      environment: { 'A-B': '1' },
    };
    expect(messageOf(() => task(given))).toBe(
      [
        'compute.TaskDefinition at test/task: 9 problems',
        '- cpu is 300; allowed: 256, 512, 1024, 2048, 4096, 8192, 16384',
        '- containerName is "a b"; allowed: 1 to 255 letters, digits, - and _',
        '- containerPort is 65536; allowed: a whole number from 1 to 65535',
        '- stopTimeoutSeconds is 121; allowed: a whole number from 2 to 120 seconds',
        '- healthCheck.intervalSeconds is 4; allowed: a whole number from 5 to 300 seconds',
        '- healthCheck.timeoutSeconds is 61; allowed: a whole number from 2 to 60 seconds',
        '- healthCheck.retries is 11; allowed: a whole number from 1 to 10',
        '- healthCheck.startPeriodSeconds is 301; allowed: a whole number from 0 to 300 seconds',
        '- environment has "A-B"; allowed: names of letters, digits and _',
      ].join('\n'),
    );
    const healthCheck = {
      command: ['x'],
      intervalSeconds: 300,
      timeoutSeconds: 60,
      retries: 10,
      startPeriodSeconds: 300,
    };
    expect(() => task({ containerPort: 65535, stopTimeoutSeconds: 120, healthCheck })).not.toThrow();
  });

  it('listens nowhere unless told', () => {
    const ports = (containerPort?: number) =>
      (
        JSON.parse(
          synth((stack) => new TaskDefinition(stack, 'task', { ...taskProps(stack), containerPort })).only(
            'aws_ecs_task_definition',
          )['container_definitions'],
        ) as Block[]
      )[0]?.['portMappings'];
    expect(ports()).toEqual([]);
    expect(ports(80)).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'tcp' }]);
  });

  it('grants running any revision in the clusters, with its two roles and for ECS alone', () => {
    const found = synth((stack) => {
      const runner = { naming, part: 'runner', service: 'states.amazonaws.com', account, description: 'd' };
      const clusters = ['one', 'two'].map((part) => new Cluster(stack, part, { naming, part }));
      new TaskDefinition(stack, 'task', taskProps(stack)).grantRun(new Role(stack, 'role', runner), clusters);
    });
    const policy = found.all('aws_iam_role_policy').find(({ name }) => name === 'shop-test-runner');
    const attribute = (address: string, name: string) =>
      expect.stringMatching(new RegExp(`^\\$\\{${address}_\\w+\\.${name}\\}`));
    expect(statements(policy?.['policy'] as string)).toEqual([
      {
        Sid: 'Runtask',
        Effect: 'Allow',
        Action: ['ecs:RunTask'],
        Resource: [expect.stringMatching(/^\$\{aws_ecs_task_definition\.\w+\.arn_without_revision\}:\*$/)],
        Condition: {
          ArnEquals: {
            'ecs:cluster': [attribute('aws_ecs_cluster.one', 'arn'), attribute('aws_ecs_cluster.two', 'arn')],
          },
        },
      },
      {
        Sid: 'PassRolesOftask',
        Effect: 'Allow',
        Action: ['iam:PassRole'],
        Resource: [attribute('aws_iam_role.task_ExecutionRole', 'arn'), attribute('aws_iam_role.task_TaskRole', 'arn')],
        Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      },
    ]);
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<TaskDefinitionProps, 'repository'>>(
      {
        naming,
        part: 'web',
        account,
        region,
        cpu: 256,
        memoryMiB: 512,
        imageDigest: digest,
        containerPort: 80,
        environment: {},
        logRetentionDays: 14,
      },
      {
        naming: other,
        part: 'api',
        containerName: 'agent',
        logGroupName: '/ecs/all',
        account: '222222222222',
        region: 'eu-west-1',
        cpu: 512,
        memoryMiB: 1024,
        imageDigest: `sha256:${'b'.repeat(64)}`,
        containerPort: 81,
        environment: { A: '1' },
        logRetentionDays: 30,
        healthCheck: { command: ['x'] },
        stopTimeoutSeconds: 60,
        readonlyRootFilesystem: false,
      },
      // 512 CPU units need 1024 MiB, so that size is the base of both.
      (stack, props) =>
        new TaskDefinition(stack, 'task', {
          repository: repository(stack),
          ...props,
          memoryMiB: props.cpu === 512 ? 1024 : props.memoryMiB,
        }),
    );
  });
});
