/** Story-42 as its requirements say it: the numbers and names of the reference instance, and what may differ elsewhere. */
import { App, Testing } from 'cdktf';
import { systems } from '../../environments/index';
import { environmentNames } from '../../environments/schema';
import type { Story42Settings } from '../../environments/story-42';
import { look, statements, type Block } from '../../modules/testing';
import { storyRoutes } from '../../services/story-42/common/routes';
import { agentVariableNames } from '../../services/story-42/story-generator/environment';
import { placeholderGate } from '../gate';
import { normalise, phase1, phase2, withFolder } from '../testing';
import { Story42Stack } from './stack';

const dev = phase2('story-42-dev');
const closed = phase1('story-42-dev');

/** Dev with some settings changed. */
const variant = (changes: Partial<Story42Settings>, phase: 1 | 2 = 2) =>
  withFolder((outdir) => {
    const gate = placeholderGate(Object.keys(systems['story-42'].services));
    const context = {
      system: 'story-42',
      environment: 'dev',
      target: 'local',
      account: '111111111111',
      gate: phase === 2 ? gate : { ...gate, phase, waitingFor: Object.keys(gate.images), images: {} },
      waitingResources: [],
    } as const;
    const stack = new Story42Stack(new App({ outdir }), context, {
      ...systems['story-42'].environments.dev,
      ...changes,
    });
    return look(JSON.parse(Testing.synth(stack, true)) as Block);
  });
const named = (type: string, key = 'name') => dev.all(type).map((resource) => resource[key] as string);
const typesOf = ({ addresses }: { addresses: string[] }) => new Set(addresses.map((address) => address.split('.')[0]));
const policyOf = (name: string) =>
  statements(dev.all('aws_iam_role_policy').find((policy) => policy['name'] === name)?.['policy'] as string);
const actionsOf = (name: string) => policyOf(name).flatMap(({ Action }) => Action);

describe('acceptance 1: the gate', () => {
  it('holds four repositories and no function, API, ECS or load balancer in phase 1, and all of them in phase 2', () => {
    const compute = /lambda|api_gateway|ecs|_lb|cloudwatch_log_group/;
    expect(closed.all('aws_ecr_repository')).toHaveLength(4);
    expect([...typesOf(closed)].filter((type) => compute.test(type!))).toEqual([]);
    expect(closed.stack.facts.waiting.services).toEqual([
      'data-ops',
      'story-generator',
      'story-image-regen',
      'story-text-regen',
    ]);
    expect(dev.all('aws_lambda_function')).toHaveLength(3);
    for (const type of ['aws_api_gateway_rest_api', 'aws_ecs_service', 'aws_lb']) expect(dev.all(type)).toHaveLength(1);
  });

  it.each(environmentNames)('has no reference to an image in phase 1 of %s', (environment) => {
    expect(JSON.stringify(phase1(`story-42-${environment}`).json)).not.toMatch(/sha256:|repository_url}@|image_uri/);
  });

  it('changes nothing of phase 1 in phase 2 but the distribution, which gains its load balancer', () => {
    const changed = Object.entries(closed.json['resource'] as Record<string, Block>).flatMap(([type, resources]) =>
      Object.keys(resources)
        .filter((name) => JSON.stringify(resources[name]) !== JSON.stringify(dev.json['resource'][type][name]))
        .map(() => type),
    );
    expect(changed).toEqual(['aws_cloudfront_distribution']);
    expect(closed.only('aws_cloudfront_distribution')['origin']).toHaveLength(1);
    expect(dev.only('aws_cloudfront_distribution')['origin']).toHaveLength(2);
    expect([...closed.addresses, ...dev.stack.phase2Addresses].sort()).toEqual(dev.addresses);
  });
});

describe('acceptance 2: names', () => {
  it('are those of the reference instance', () => {
    expect(named('aws_lambda_function', 'function_name').sort()).toEqual([
      'story-42-west-data-ops-dev',
      'story-42-west-story-image-regen-dev',
      'story-42-west-story-text-regen-dev',
    ]);
    expect(named('aws_ecr_repository').sort()).toEqual([
      'story-42-west-data-ops-lambda-dev',
      'story-42-west-lambda-dev',
      'story-42-west-story-generator-dev',
      'story-42-west-story-image-lambda-dev',
    ]);
    expect(named('aws_dynamodb_table')).toEqual(['story-42-west-story-sessions-dev']);
    expect(named('aws_s3_bucket', 'bucket').sort()).toEqual([
      'story-42-west-static-dev',
      'story-42-west-story-images-dev',
    ]);
    expect(named('aws_cognito_user_pool_domain', 'domain')).toEqual(['story-42-west-user-pool-dev']);
    expect(named('aws_api_gateway_rest_api')).toEqual(['story-42-west-api-dev']);
    expect(named('aws_api_gateway_stage', 'stage_name')).toEqual(['dev']);
    expect(named('aws_ecs_cluster')).toEqual(['story-42-west-ecs-cluster-dev']);
    expect(named('aws_ecs_service')).toEqual(['story-generator']);
    expect(named('aws_lb')).toEqual(['story-42-west-alb-dev']);
    expect(named('aws_secretsmanager_secret').sort()).toEqual([
      'story-42-west/dev/google-api-key',
      'story-42-west/dev/tts-api-key',
    ]);
    expect(named('aws_cloudwatch_log_group').sort()).toEqual([
      '/aws/apigateway/story-42-west-api-dev',
      '/aws/lambda/story-42-west-data-ops-dev',
      '/aws/lambda/story-42-west-story-image-regen-dev',
      '/aws/lambda/story-42-west-story-text-regen-dev',
      '/ecs/story-42-west-dev',
    ]);
  });
});

describe('3.2: settings', () => {
  it('has public subnets only', () => {
    expect(dev.only('aws_vpc')).toMatchObject({ cidr_block: '10.42.0.0/16', enable_dns_hostnames: true });
    expect(named('aws_subnet', 'cidr_block').sort()).toEqual(['10.42.1.0/24', '10.42.2.0/24']);
    expect(dev.all('aws_route_table')).toHaveLength(1);
    for (const type of ['aws_nat_gateway', 'aws_eip', 'aws_instance']) expect(dev.all(type)).toEqual([]);
  });

  it('keeps sessions by id, found by owner and newest change, with an end', () => {
    expect(dev.only('aws_dynamodb_table')).toMatchObject({
      billing_mode: 'PAY_PER_REQUEST',
      hash_key: 'session_id',
      ttl: { attribute_name: 'expires_at', enabled: true },
      global_secondary_index: [
        {
          name: 'owner-index',
          key_schema: [
            { attribute_name: 'owner_sub', key_type: 'HASH' },
            { attribute_name: 'updated_at', key_type: 'RANGE' },
          ],
        },
      ],
    });
  });

  it('lets images expire after 30 days, and nothing else', () => {
    const rules = (found: Pick<typeof dev, 'all'>) =>
      found
        .all('aws_s3_bucket_lifecycle_configuration')
        .flatMap(({ rule }) => rule as Block[])
        .filter(({ expiration }) => expiration?.[0]?.days ?? expiration?.days);
    expect(rules(dev)).toHaveLength(1);
    expect(JSON.stringify(rules(dev)[0])).toMatch(/"prefix":"images\/"/);
    expect(JSON.stringify(rules(dev)[0])).toMatch(/"days":30/);
    expect(rules(variant({ imageExpiryDays: 0 }))).toEqual([]);
  });

  it('runs functions with 2 GB and 15 minutes, the data function with 512 MB and 30 s', () => {
    const size = Object.fromEntries(
      dev
        .all('aws_lambda_function')
        .map(({ function_name: name, memory_size, timeout, package_type, architectures }) => [
          name,
          { memory_size, timeout, package_type, architectures },
        ]),
    );
    const image = { package_type: 'Image', architectures: ['x86_64'] };
    expect(size).toEqual({
      'story-42-west-story-text-regen-dev': { memory_size: 2048, timeout: 900, ...image },
      'story-42-west-story-image-regen-dev': { memory_size: 2048, timeout: 900, ...image },
      'story-42-west-data-ops-dev': { memory_size: 512, timeout: 30, ...image },
    });
    expect(named('aws_lambda_function_event_invoke_config', 'maximum_retry_attempts')).toEqual([0, 0, 0]);
  });

  it('runs one agent of half a vCPU behind a public load balancer', () => {
    expect(dev.only('aws_ecs_task_definition')).toMatchObject({ cpu: '512', memory: '1024' });
    expect(dev.only('aws_ecs_service')).toMatchObject({
      desired_count: 1,
      launch_type: 'FARGATE',
      deployment_minimum_healthy_percent: 100,
      deployment_maximum_percent: 200,
      deployment_circuit_breaker: { enable: true, rollback: true },
      network_configuration: { assign_public_ip: true },
    });
    expect(dev.only('aws_lb')).toMatchObject({ internal: false, idle_timeout: 120 });
    expect(dev.only('aws_lb_target_group')).toMatchObject({
      target_type: 'ip',
      port: 8080,
      health_check: { path: '/health', matcher: '200' },
    });
    const container = (JSON.parse(dev.only('aws_ecs_task_definition')['container_definitions']) as Block[])[0]!;
    expect(container['name']).toBe('story-42-agent');
    const variables = (container['environment'] as { name: string; value: string }[]).map(({ name }) => name);
    expect(variables.sort()).toEqual([...agentVariableNames, 'LOG_LEVEL', 'PORT'].sort());
  });

  it('lets the world reach the load balancer, and the load balancer the agent', () => {
    const ingress = dev
      .all('aws_vpc_security_group_ingress_rule')
      .map(({ from_port, cidr_ipv4, referenced_security_group_id: group }) => [from_port, cidr_ipv4 ?? group]);
    expect(ingress.sort()).toEqual([
      [443, '0.0.0.0/0'],
      [80, '0.0.0.0/0'],
      [8080, expect.stringContaining('aws_security_group.alb_')],
    ]);
  });

  it('keeps logs 14 days in dev, 90 in prod, and drops secrets at once in dev alone', () => {
    expect(new Set(named('aws_cloudwatch_log_group', 'retention_in_days'))).toEqual(new Set([14]));
    const prod = phase2('story-42-prod');
    expect(new Set(prod.all('aws_cloudwatch_log_group').map((group) => group['retention_in_days']))).toEqual(
      new Set([90]),
    );
    expect(named('aws_secretsmanager_secret', 'recovery_window_in_days')).toEqual([0, 0]);
    expect(prod.all('aws_secretsmanager_secret').map((secret) => secret['recovery_window_in_days'])).toEqual([30, 30]);
    expect(dev.all('aws_secretsmanager_secret_version')).toEqual([]);
  });

  it('opens every route with a token of the pool, and preflights without one', () => {
    const { paths } = JSON.parse(dev.only('aws_api_gateway_rest_api')['body']) as {
      paths: Record<string, Record<string, { security?: object[] }>>;
    };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => [`${method.toUpperCase()} ${path}`, security?.length]),
    );
    expect(
      routes
        .filter(([, security]) => security === 1)
        .map(([route]) => route)
        .sort(),
    ).toEqual(storyRoutes.map(({ method, path }) => `${method} ${path}`).sort());
    expect(routes.filter(([route]) => String(route).startsWith('OPTIONS'))).toHaveLength(Object.keys(paths).length);
  });
});

describe('3.3: permissions', () => {
  it('gives each function what it needs and no more', () => {
    expect(actionsOf('story-42-west-story-text-regen-dev').sort()).toEqual(
      [
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'bedrock:InvokeModel',
        'bedrock:InvokeModelWithResponseStream',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:Query',
        's3:GetObject',
        's3:PutObject',
        'lambda:InvokeFunction',
        'lambda:InvokeFunction',
      ].sort(),
    );
    const objects = policyOf('story-42-west-story-image-regen-dev').filter(({ Action }) =>
      Action[0]!.startsWith('s3:'),
    );
    expect(objects.flatMap(({ Resource }) => Resource.map((arn) => arn.split('}/')[1]))).toEqual([
      'images/*',
      'images/*',
      'images/*',
    ]);
    expect(actionsOf('story-42-west-data-ops-dev')).toContain('s3:ListBucket');
    expect(actionsOf('story-42-west-data-ops-dev').filter((action) => /bedrock|secrets|lambda/.test(action))).toEqual(
      [],
    );
  });

  it('shows the keys to those alone who call with them', () => {
    const readers = (secret: string) =>
      dev
        .all('aws_iam_role_policy')
        .filter((policy) =>
          statements(policy['policy']).some(
            ({ Action, Resource }) =>
              Action.includes('secretsmanager:GetSecretValue') && Resource.some((arn) => arn.includes(`.${secret}_`)),
          ),
        )
        .map((policy) => policy['name'])
        .sort();
    expect(readers('google-key')).toEqual([
      'story-42-west-story-generator-task-dev',
      'story-42-west-story-image-regen-dev',
    ]);
    expect(readers('tts-key')).toEqual(['story-42-west-story-generator-task-dev']);
  });

  it('names every resource', () => {
    const wide = dev
      .all('aws_iam_role_policy')
      .flatMap((policy) => statements(policy['policy']))
      .filter(({ Resource }) => Resource.includes('*'))
      .flatMap(({ Action }) => Action);
    expect(wide).toEqual(['ecr:GetAuthorizationToken']);
  });

  it('lets API Gateway call each function for this API alone', () => {
    expect(dev.all('aws_lambda_permission')).toHaveLength(3);
    for (const permission of dev.all('aws_lambda_permission')) {
      expect(permission).toMatchObject({ principal: 'apigateway.amazonaws.com' });
      expect(permission['source_arn']).toMatch(/aws_api_gateway_rest_api\.\w+\.execution_arn}\/\*\/\*$/);
    }
  });
});

describe('switches', () => {
  it('without ECS keeps the functions and the API', () => {
    const found = variant({ ecsEnabled: false });
    expect([...typesOf(found)].filter((type) => /ecs|_lb/.test(type!))).toEqual([]);
    expect(found.all('aws_lambda_function')).toHaveLength(3);
    expect(found.only('aws_cloudfront_distribution')['ordered_cache_behavior']).toBeUndefined();
    expect(Object.keys(found.json['output'])).not.toContain('ecs_service_endpoint');
  });

  it('has DNS and certificates only with a domain name', () => {
    expect([...typesOf(dev)].filter((type) => /route53|acm/.test(type!))).toEqual([]);
    const found = variant({ domainName: 'stories.example.com', hostedZoneId: 'Z0123456789ABC' });
    const certificates = found.all('aws_acm_certificate').map(({ domain_name, region }) => [domain_name, region]);
    expect(certificates.sort()).toEqual([
      ['origin.stories.example.com', undefined],
      ['stories.example.com', 'us-east-1'],
    ]);
    const records = found.all('aws_route53_record').map(({ name, type }) => `${type} ${name}`);
    expect(records).toEqual(
      expect.arrayContaining(['A stories.example.com', 'AAAA stories.example.com', 'A origin.stories.example.com']),
    );
    expect(found.only('aws_cloudfront_distribution')['aliases']).toEqual(['stories.example.com']);
    const listeners = found.all('aws_lb_listener').map(({ port, default_action: [action] }) => [port, action.type]);
    expect(listeners.sort()).toEqual([
      [443, 'forward'],
      [80, 'redirect'],
    ]);
    // The certificate of the load balancer belongs to what needs it: phase 1 has that of the site alone.
    expect(
      variant({ domainName: 'stories.example.com', hostedZoneId: 'Z0123456789ABC' }, 1).all('aws_acm_certificate'),
    ).toHaveLength(1);
  });

  it('scales between 1 and 4 where the environment says so', () => {
    expect(dev.all('aws_appautoscaling_target')).toEqual([]);
    expect(phase2('story-42-staging').only('aws_appautoscaling_target')).toMatchObject({
      min_capacity: 1,
      max_capacity: 4,
    });
  });
});

describe.each(environmentNames)('story-42-%s', (environment) => {
  const name = `story-42-${environment}`;
  const stack = phase2(name);

  it('pins the addresses of what holds data', () => {
    expect(stack.stack.facts.stateful).toEqual([
      'aws_cognito_user_pool.users_9E3E6EF7',
      'aws_dynamodb_table.sessions_6DDB0D3F',
      'aws_ecr_repository.agent-repository_F79F90F8',
      'aws_ecr_repository.data-repository_DD3E8BCA',
      'aws_ecr_repository.image-repository_E580BC5F',
      'aws_ecr_repository.text-repository_71A90365',
      'aws_s3_bucket.objects_7623FC4F',
      'aws_s3_bucket.site_87CC46B4',
      'aws_secretsmanager_secret.google-key_6DA8E382',
      'aws_secretsmanager_secret.tts-key_2A7E0FEA',
    ]);
  });

  it('protects what holds data in prod', () => {
    const unprotected = stack.stack.facts.stateful.filter((address) => {
      const [type = '', resource = ''] = address.split('.');
      return stack.json['resource'][type][resource]['lifecycle']?.prevent_destroy !== true;
    });
    expect(unprotected).toEqual(environment === 'prod' ? [] : stack.stack.facts.stateful);
  });

  it('differs from dev only in these addresses', () => {
    const extra = stack.addresses
      .filter((address) => !dev.addresses.includes(address))
      .map((address) => address.replace(/_[0-9A-F]{8}$/, ''));
    const scaled = [
      'aws_api_gateway_method_settings.api_Throttling',
      'aws_appautoscaling_policy.agent_Scaling_Cpu',
      'aws_appautoscaling_target.agent_Scaling',
    ];
    expect(dev.addresses.filter((address) => !stack.addresses.includes(address))).toEqual([]);
    expect(extra).toEqual({ dev: [], staging: scaled, prod: scaled }[environment]);
  });

  it('has the outputs of the requirements, each with a description', () => {
    const first = [
      'cloudfront_domain_name',
      'cognito_client_id',
      'cognito_user_pool_id',
      'data_ops_ecr_repository_url',
      'ecs_ecr_repository_url',
      'image_lambda_ecr_repository_url',
      'lambda_ecr_repository_url',
      's3_bucket_name',
      'sessions_table_name',
      'static_bucket_name',
    ];
    expect(Object.keys(phase1(name).json['output']).sort()).toEqual(first);
    expect(Object.keys(stack.json['output']).sort()).toEqual(
      [...first, 'api_endpoint', 'ecs_cluster_name', 'ecs_service_endpoint', 'ecs_service_name'].sort(),
    );
    for (const output of Object.values(stack.json['output'] as Record<string, Block>))
      expect(output['description']).toMatch(/^[A-Z].{3,}/);
  });

  it('is what it was', () => expect(normalise(stack.json)).toMatchSnapshot());
});
