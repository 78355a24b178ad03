/** T3nets as its requirements say it: the numbers and names of the reference instance, and what may differ elsewhere. */
import { App, Testing } from 'cdktf';
import { environmentNames } from '../../environments/schema';
import { systems } from '../../environments/index';
import type { T3netsSettings } from '../../environments/t3nets';
import { look, statements, type Block } from '../../modules/testing';
import { routerVariableNames } from '../../services/t3nets/router/environment';
import { placeholderGate } from '../gate';
import { normalise, phase1, phase2, withFolder } from '../testing';
import { T3netsStack } from './stack';

const dev = phase2('t3nets-dev');
const prod = phase2('t3nets-prod');

/** Dev with some settings changed. */
const variant = (changes: Partial<T3netsSettings>) =>
  withFolder((outdir) => {
    const context = {
      system: 't3nets',
      environment: 'dev',
      target: 'local',
      account: '111111111111',
      gate: placeholderGate(['router']),
      waitingResources: [],
    } as const;
    const stack = new T3netsStack(new App({ outdir }), context, { ...systems.t3nets.environments.dev, ...changes });
    return look(JSON.parse(Testing.synth(stack, true)) as Block);
  });

const container = ({ only }: Pick<typeof dev, 'only'>): Block =>
  (JSON.parse(only('aws_ecs_task_definition')['container_definitions']) as Block[])[0]!;
const variables = (stack: Pick<typeof dev, 'only'>): Record<string, string> =>
  Object.fromEntries(
    (container(stack)['environment'] as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
  );

describe('acceptance 1: the reference instance', () => {
  it('has the exact ranges and one NAT gateway', () => {
    expect(dev.only('aws_vpc')['cidr_block']).toBe('10.0.0.0/16');
    expect(
      dev
        .all('aws_subnet')
        .map((subnet) => subnet['cidr_block'])
        .sort(),
    ).toEqual(['10.0.1.0/24', '10.0.10.0/24', '10.0.11.0/24', '10.0.2.0/24']);
    expect(dev.all('aws_nat_gateway')).toHaveLength(1);
  });

  it('has an internal load balancer, a VPC link, a $default route and a $default stage', () => {
    expect(dev.only('aws_lb')).toMatchObject({ name: 't3nets-dev-alb', internal: true });
    expect(dev.only('aws_apigatewayv2_vpc_link')['subnet_ids']).toHaveLength(2);
    expect(dev.only('aws_apigatewayv2_api')['name']).toBe('t3nets-dev-api');
    expect(dev.only('aws_apigatewayv2_route')['route_key']).toBe('$default');
    expect(dev.only('aws_apigatewayv2_stage')).toMatchObject({ name: '$default', auto_deploy: true });
  });

  it('runs one router of 256 CPU units and 512 MiB on port 8080', () => {
    expect(dev.only('aws_ecs_task_definition')).toMatchObject({
      family: 't3nets-dev-router',
      cpu: '256',
      memory: '512',
    });
    expect(dev.only('aws_ecs_cluster')).toMatchObject({ name: 't3nets-dev-cluster', setting: [{ value: 'disabled' }] });
    expect(dev.only('aws_ecs_service')).toMatchObject({ name: 't3nets-dev-router', desired_count: 1 });
    expect(container(dev)).toMatchObject({
      name: 'router',
      portMappings: [{ containerPort: 8080 }],
      healthCheck: { interval: 30, timeout: 5, retries: 3, startPeriod: 10 },
    });
  });

  it('passes exactly six variables', () => {
    expect(variables(dev)).toEqual({
      T3NETS_ENV: 'aws',
      AWS_REGION: 'us-east-1',
      BEDROCK_MODEL_ID: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      DYNAMODB_CONVERSATIONS_TABLE: expect.stringMatching(/^\$\{aws_dynamodb_table\.conversations_\w+\.name\}$/),
      DYNAMODB_TENANTS_TABLE: expect.stringMatching(/^\$\{aws_dynamodb_table\.tenants_\w+\.name\}$/),
      SECRETS_PREFIX: '/t3nets/dev/tenants',
    });
    expect(Object.keys(variables(dev)).sort()).toEqual([...routerVariableNames].sort());
  });

  it('keeps logs for 14 days', () => {
    expect(dev.all('aws_cloudwatch_log_group').map((group) => [group['name'], group['retention_in_days']])).toEqual([
      ['/aws/apigateway/t3nets-dev-api', 14],
      ['/ecs/t3nets-dev-router', 14],
    ]);
  });
});

describe('acceptance 2: the gate', () => {
  const closed = phase1('t3nets-dev');

  it('holds back everything of compute and api', () => {
    const types = new Set(closed.addresses.map((address) => address.split('.')[0]));
    expect([...types].filter((type) => /ecs|lb|apigateway|appautoscaling|log_group/.test(type ?? ''))).toEqual([]);
    expect(closed.stack.facts.waiting).toEqual({ services: ['router'], resources: dev.stack.phase2Addresses });
  });

  it.each(environmentNames)('has no reference to an image in phase 1 of %s', (environment) => {
    expect(JSON.stringify(phase1(`t3nets-${environment}`).json)).not.toMatch(
      /sha256:|repository_url}@|container_definitions/,
    );
  });

  it('leaves phase 1 as it is when phase 2 comes', () => {
    const { resource: before } = closed.json;
    const { resource: after } = dev.json;
    for (const [type, named] of Object.entries(before as Block)) {
      for (const [name, block] of Object.entries(named as Block)) expect(after[type][name]).toEqual(block);
    }
    expect([...closed.addresses, ...dev.stack.phase2Addresses].sort()).toEqual(dev.addresses);
  });

  it('fails the plan of phase 1 while the marker of phase 2 is there, and names what would go', () => {
    const [marker] = Object.values(closed.json['data'].aws_ssm_parameters_by_path as Record<string, Block>);
    expect(marker).toMatchObject({ path: '/sluice/t3nets/dev', with_decryption: false });
    const [{ condition, error_message: message }] = marker!['lifecycle'].postcondition;
    expect(condition).toBe('${!contains(self.names, "/sluice/t3nets/dev/phase")}');
    expect(dev.only('aws_ssm_parameter')).toMatchObject({ name: '/sluice/t3nets/dev/phase', insecure_value: '2' });
    for (const address of dev.stack.phase2Addresses) expect(message).toContain(`  - ${address}\n`);
  });

  it('makes the marker first: everything of phase 2 depends on it', () => {
    const marker = dev.addresses.find((address) => address.startsWith('aws_ssm_parameter.'))!;
    const without = dev.stack.phase2Addresses.filter((address) => {
      const [type = '', name = ''] = address.split('.');
      return address !== marker && !(dev.json['resource'][type][name]['depends_on'] as string[]).includes(marker);
    });
    expect(without).toEqual([]);
  });
});

describe('acceptance 3: tables and repository', () => {
  it('bills tables by request, lets items expire and finds tenants by channel', () => {
    const tables = Object.fromEntries(dev.all('aws_dynamodb_table').map((table) => [table['name'], table]));
    expect(Object.keys(tables)).toEqual(['t3nets-dev-conversations', 't3nets-dev-tenants']);
    for (const table of Object.values(tables)) {
      expect(table).toMatchObject({
        billing_mode: 'PAY_PER_REQUEST',
        hash_key: 'pk',
        range_key: 'sk',
        ttl: { attribute_name: 'ttl', enabled: true },
      });
    }
    expect(tables['t3nets-dev-tenants']!['global_secondary_index']).toEqual([
      { name: 'channel-mapping', key_schema: [{ attribute_name: 'gsi1pk', key_type: 'HASH' }], projection_type: 'ALL' },
    ]);
  });

  it('scans images on push and keeps ten', () => {
    expect(dev.only('aws_ecr_repository')).toMatchObject({
      name: 't3nets-dev-router',
      image_scanning_configuration: { scan_on_push: true },
      force_delete: true,
    });
    expect(JSON.parse(dev.only('aws_ecr_lifecycle_policy')['policy']).rules[0].selection.countNumber).toBe(10);
  });
});

describe('acceptance 4: permissions', () => {
  const policy = (name: string): string =>
    dev.all('aws_iam_role_policy').find((candidate) => candidate['name'] === name)?.['policy'] as string;

  it('gives the router exactly the action sets of the requirements', () => {
    const table = (name: string) =>
      expect.stringMatching(new RegExp(`^\\$\\{aws_dynamodb_table\\.${name}_\\w+\\.arn\\}$`));
    const six = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan'].map(
      (action) => `dynamodb:${action}`,
    );
    const logs = expect.stringMatching(/^\$\{aws_cloudwatch_log_group\.task_Logs_\w+\.arn\}(:\*)?$/);
    expect(statements(policy('t3nets-dev-router-task')).map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [
        ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        [logs, logs],
      ],
      [six, [table('conversations')]],
      [six, [table('tenants'), expect.stringMatching(/^\$\{aws_dynamodb_table\.tenants_\w+\.arn\}\/index\/\*$/)]],
      [
        ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'],
        [
          'arn:aws:bedrock:us-east-1:111111111111:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
          'arn:aws:bedrock:*::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0',
        ],
      ],
    ]);
    expect(statements(dev.only('aws_iam_policy')['policy']).map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [
        ['secretsmanager:GetSecretValue', 'secretsmanager:CreateSecret', 'secretsmanager:UpdateSecret'],
        ['arn:aws:secretsmanager:us-east-1:111111111111:secret:/t3nets/dev/tenants/*'],
      ],
      [['secretsmanager:ListSecrets'], ['*']],
    ]);
    expect(dev.only('aws_iam_role_policy_attachment')).toMatchObject({
      role: expect.stringContaining('task_TaskRole'),
      policy_arn: expect.stringMatching(/^\$\{aws_iam_policy\.secrets_\w+\.arn\}$/),
    });
  });

  it('lets nothing but the load balancer reach the router', () => {
    const rules = dev
      .all('aws_vpc_security_group_ingress_rule')
      .filter((rule) => String(rule['security_group_id']).includes('.router_'));
    expect(rules).toHaveLength(1);
    expect(rules[0]).toMatchObject({
      from_port: 8080,
      to_port: 8080,
      referenced_security_group_id: expect.stringContaining('.alb_SecurityGroup'),
    });
    expect(rules[0]).not.toHaveProperty('cidr_ipv4');
  });

  it('keeps secrets out of the infrastructure', () => {
    expect(dev.all('aws_secretsmanager_secret')).toEqual([]);
    expect(dev.all('aws_secretsmanager_secret_version')).toEqual([]);
  });
});

describe('acceptance 16: cheaper ways out', () => {
  it('synthesises public-subnets without a NAT gateway', () => {
    const found = variant({ egress: 'public-subnets' });
    expect(found.all('aws_nat_gateway')).toEqual([]);
    expect(found.all('aws_eip')).toEqual([]);
    expect(found.only('aws_ecs_service')['network_configuration'].assign_public_ip).toBe(true);
    expect(found.only('aws_lb')['subnets'][0]).toContain('Private1');
  });

  it('synthesises nat-instance with a route to the instance', () => {
    const found = variant({ egress: 'nat-instance' });
    expect(found.all('aws_nat_gateway')).toEqual([]);
    expect(
      found.all('aws_route').filter((route) => String(route['network_interface_id']).includes('aws_instance.')),
    ).toHaveLength(1);
  });
});

describe('settings', () => {
  it('names every model that the router may call', () => {
    const found = variant({
      conversationModelId: 'amazon.nova-lite-v1:0',
      formattingModelId: 'amazon.nova-micro-v1:0',
      routedModelIds: ['amazon.nova-pro-v1:0'],
    });
    expect(variables(found)).toMatchObject({
      BEDROCK_CONVERSATION_MODEL_ID: 'amazon.nova-lite-v1:0',
      BEDROCK_FORMATTING_MODEL_ID: 'amazon.nova-micro-v1:0',
    });
    const invoke = found
      .all('aws_iam_role_policy')
      .flatMap((policy) => statements(policy['policy']))
      .find(({ Sid }) => Sid === 'InvokeModels');
    expect(invoke?.Resource.map((arn) => arn.split('/')[1])).toEqual([
      'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'anthropic.claude-sonnet-4-5-20250929-v1:0',
      'amazon.nova-lite-v1:0',
      'amazon.nova-micro-v1:0',
      'amazon.nova-pro-v1:0',
    ]);
  });

  it('throttles prod and asks its default tenant for a key', () => {
    expect(variables(prod)['DEFAULT_TENANT_REQUIRES_KEY']).toBe('true');
    expect(prod.only('aws_apigatewayv2_stage')['default_route_settings']).toEqual({
      throttling_rate_limit: 100,
      throttling_burst_limit: 200,
    });
  });

  it('protects what holds data in prod', () => {
    for (const address of prod.stack.facts.stateful) {
      const [type = '', name = ''] = address.split('.');
      expect(prod.json['resource'][type][name]['lifecycle']).toEqual({ prevent_destroy: true });
    }
    expect(prod.only('aws_lb')['enable_deletion_protection']).toBe(true);
  });
});

describe.each(environmentNames)('t3nets-%s', (environment) => {
  const name = `t3nets-${environment}`;
  const stack = phase2(name);

  it('pins the addresses of what holds data', () => {
    expect(stack.stack.facts.stateful).toEqual([
      'aws_dynamodb_table.conversations_7E98D7E7',
      'aws_dynamodb_table.tenants_031E4F1E',
      'aws_ecr_repository.repository_9F1A3F0B',
    ]);
  });

  it('differs from dev only in these addresses', () => {
    const extra = stack.addresses
      .filter((address) => !dev.addresses.includes(address))
      .map((address) => address.replace(/_[0-9A-F]{8}$/, ''));
    const missing = dev.addresses.filter((address) => !stack.addresses.includes(address));
    expect(missing).toEqual([]);
    expect(extra).toEqual(
      {
        dev: [],
        staging: [],
        prod: [
          'aws_appautoscaling_policy.router_Scaling_Cpu',
          'aws_appautoscaling_target.router_Scaling',
          'aws_cloudwatch_log_group.network_FlowLog_Logs',
          'aws_flow_log.network_FlowLog',
          'aws_iam_role.network_FlowLog_Role',
          'aws_iam_role_policy.network_FlowLog_Role_Policy',
        ],
      }[environment],
    );
  });

  it('has the outputs of the requirements, each with a description', () => {
    const first = ['conversations_table_name', 'ecr_url', 'secrets_policy_arn', 'secrets_prefix', 'tenants_table_name'];
    expect(Object.keys(phase1(name).json['output']).sort()).toEqual(first);
    expect(Object.keys(stack.json['output']).sort()).toEqual([
      'api_endpoint',
      'cluster_name',
      ...first.slice(0, 2),
      ...first.slice(2, 4),
      'service_name',
      'tenants_table_name',
    ]);
    for (const output of Object.values(stack.json['output'] as Record<string, Block>))
      expect(output['description']).toMatch(/^[A-Z].{3,}/);
  });

  it('keeps its state in its own account and tags everything', () => {
    const account = stack.stack.facts.account;
    expect(stack.json['terraform'].backend.s3).toEqual({
      bucket: `sluice-state-${account}-us-east-1`,
      key: `t3nets/${environment}/terraform.tfstate`,
      region: 'us-east-1',
      encrypt: true,
      use_lockfile: true,
    });
    expect(stack.json['provider'].aws[0]).toEqual({
      region: 'us-east-1',
      allowed_account_ids: [account],
      default_tags: [
        { tags: { Project: 't3nets', System: 't3nets', Environment: environment, Stack: name, ManagedBy: 'sluice' } },
      ],
    });
    expect(stack.json['terraform'].required_providers.aws.version).toBe('~> 6.34');
  });

  it('is what it was', () => expect(normalise(stack.json)).toMatchSnapshot());
});
