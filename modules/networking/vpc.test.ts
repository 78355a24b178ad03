import { account, expectPassThrough, messageOf, naming, statements, synth } from '../testing';
import { Naming } from '../naming/naming';
import { Vpc, type VpcProps } from './vpc';

const base: VpcProps = { naming, account, cidrBlock: '10.0.0.0/16', availabilityZones: ['us-east-1a', 'us-east-1b'] };
const vpc = (props: Partial<VpcProps> = {}) => synth((stack) => new Vpc(stack, 'network', { ...base, ...props }));

describe('networking.Vpc', () => {
  it('has a network with DNS, two subnets of each kind and a closed default group', () => {
    const found = vpc();
    expect(found.only('aws_vpc')).toMatchObject({
      cidr_block: '10.0.0.0/16',
      enable_dns_support: true,
      enable_dns_hostnames: true,
      tags: { Name: 'shop-test' },
    });
    expect(
      found
        .all('aws_subnet')
        .map((s) => [s['tags'].Name, s['cidr_block'], s['availability_zone'], s['map_public_ip_on_launch']]),
    ).toEqual([
      ['shop-test-private-1', '10.0.10.0/24', 'us-east-1a', false],
      ['shop-test-private-2', '10.0.11.0/24', 'us-east-1b', false],
      ['shop-test-public-1', '10.0.1.0/24', 'us-east-1a', false],
      ['shop-test-public-2', '10.0.2.0/24', 'us-east-1b', false],
    ]);
    const group = found.only('aws_default_security_group');
    expect(group['ingress']).toBeUndefined();
    expect(group['egress']).toBeUndefined();
    expect(found.all('aws_route_table_association')).toHaveLength(4);
  });

  it('by default sends private subnets through one NAT gateway in the first public subnet', () => {
    const found = vpc();
    expect(found.only('aws_nat_gateway')).toMatchObject({
      allocation_id: expect.stringContaining('aws_eip.network_NatAddress'),
      subnet_id: expect.stringContaining('aws_subnet.network_Public1'),
    });
    expect(found.only('aws_eip')).toMatchObject({ domain: 'vpc' });
    const routes = found.all('aws_route');
    expect(routes.map((route) => route['destination_cidr_block'])).toEqual(['0.0.0.0/0', '0.0.0.0/0']);
    expect(routes.filter((route) => route['nat_gateway_id'] !== undefined)).toHaveLength(1);
    expect(routes.filter((route) => route['gateway_id'] !== undefined)).toHaveLength(1);
  });

  it('with nat-instance routes to the interface of one hardened instance', () => {
    const found = vpc({ egress: 'nat-instance' });
    expect(found.all('aws_nat_gateway')).toEqual([]);
    expect(found.only('aws_instance')).toMatchObject({
      instance_type: 't4g.nano',
      source_dest_check: false,
      associate_public_ip_address: true,
      metadata_options: { http_tokens: 'required' },
      root_block_device: { encrypted: true },
      lifecycle: { ignore_changes: ['ami'] },
    });
    const [route] = found.all('aws_route').filter((candidate) => candidate['network_interface_id'] !== undefined);
    expect(route?.['network_interface_id']).toMatch(
      /aws_instance\.network_NatInstance_\w+\.primary_network_interface_id/,
    );
    expect(found.only('aws_vpc_security_group_ingress_rule')).toMatchObject({
      cidr_ipv4: '10.0.0.0/16',
      ip_protocol: '-1',
    });
  });

  it('with public-subnets has no NAT, no private default route, and puts tasks into public subnets', () => {
    const seen: string[] = [];
    const found = synth((stack) => {
      const network = new Vpc(stack, 'network', { ...base, egress: 'public-subnets' });
      seen.push(
        ...network.taskSubnets.map((subnet) => subnet.friendlyUniqueId.replace(/_[^_]+$/, '')),
        String(network.tasksNeedPublicIp),
      );
    });
    expect(seen).toEqual(['network_Public1', 'network_Public2', 'true']);
    expect(found.all('aws_nat_gateway')).toEqual([]);
    expect(found.all('aws_instance')).toEqual([]);
    expect(found.all('aws_route')).toHaveLength(1);
  });

  it('with public subnets alone has one route table, no NAT, and says so', () => {
    const seen: unknown[] = [];
    const found = synth((stack) => {
      const network = new Vpc(stack, 'network', { ...base, cidrBlock: '10.42.0.0/16', tiers: ['public'] });
      seen.push(network.privateSubnets, network.tasksNeedPublicIp, network.taskSubnets === network.publicSubnets);
    });
    expect(seen).toEqual([[], true, true]);
    expect(found.all('aws_subnet').map((subnet) => subnet['cidr_block'])).toEqual(['10.42.1.0/24', '10.42.2.0/24']);
    expect(found.only('aws_route_table')['tags']).toEqual({ Name: 'shop-test-public' });
    expect(found.only('aws_route')['gateway_id']).toContain('aws_internet_gateway.');
    expect(found.all('aws_route_table_association')).toHaveLength(2);
    for (const type of ['aws_nat_gateway', 'aws_eip', 'aws_instance']) expect(found.all(type)).toEqual([]);
    expect(vpc({ cidrBlock: '10.42.0.0/16', tiers: ['public'], egress: 'public-subnets' }).json).toEqual(found.json);
  });

  it('keeps public subnets where they are when private ones come later', () => {
    const later = vpc().json['resource'] as Record<string, Record<string, unknown>>;
    const before = vpc({ tiers: ['public'] }).json['resource'] as typeof later;
    for (const [type, named] of Object.entries(before))
      for (const [name, block] of Object.entries(named)) expect(later[type]?.[name]).toEqual(block);
  });

  it('refuses tiers that cannot stand', () => {
    expect(messageOf(() => vpc({ tiers: ['private'] }))).toBe(
      ['networking.Vpc at test/network: 1 problem', '- tiers is private; allowed: public, alone or with others'].join(
        '\n',
      ),
    );
    expect(messageOf(() => vpc({ tiers: ['public', 'hidden' as never], egress: 'nat-gateway' }))).toBe(
      [
        'networking.Vpc at test/network: 2 problems',
        '- tiers is "hidden"; allowed: public, private, isolated',
        '- egress is "nat-gateway"; allowed without private subnets: public-subnets',
      ].join('\n'),
    );
  });

  it('has six large subnets in three tiers, the isolated ones without any route', () => {
    const found = vpc({
      tiers: ['public', 'private', 'isolated'],
      subnetPrefixLength: 20,
      subnetLayout: 'packed',
    });
    expect(found.all('aws_subnet').map((subnet) => [subnet['tags'].Name, subnet['cidr_block']])).toEqual([
      ['shop-test-isolated-1', '10.0.64.0/20'],
      ['shop-test-isolated-2', '10.0.80.0/20'],
      ['shop-test-private-1', '10.0.32.0/20'],
      ['shop-test-private-2', '10.0.48.0/20'],
      ['shop-test-public-1', '10.0.0.0/20'],
      ['shop-test-public-2', '10.0.16.0/20'],
    ]);
    expect(found.all('aws_route_table').map((table) => table['tags'].Name)).toEqual([
      'shop-test-isolated',
      'shop-test-private',
      'shop-test-public',
    ]);
    expect(found.all('aws_route').map((route) => route['route_table_id'])).toEqual([
      expect.stringContaining('.network_PrivateRouteTable'),
      expect.stringContaining('.network_PublicRouteTable'),
    ]);
    const isolated = found
      .all('aws_route_table_association')
      .filter((association) => String(association['subnet_id']).includes('.network_Isolated'));
    expect(isolated).toHaveLength(2);
    for (const { route_table_id } of isolated)
      expect(route_table_id).toMatch(/^\$\{aws_route_table\.network_IsolatedRouteTable_\w+\.id\}$/);
  });

  it('exposes isolated subnets, and adds them without touching the others', () => {
    const seen: number[] = [];
    const later = synth((stack) => {
      const { isolatedSubnets } = new Vpc(stack, 'network', { ...base, tiers: ['public', 'private', 'isolated'] });
      seen.push(isolatedSubnets.length, new Vpc(stack, 'other', base).isolatedSubnets.length);
    }).json['resource'] as Record<string, Record<string, unknown>>;
    expect(seen).toEqual([2, 0]);
    const before = vpc().json['resource'] as typeof later;
    for (const [type, named] of Object.entries(before))
      for (const [name, block] of Object.entries(named)) expect(later[type]?.[name]).toEqual(block);
  });

  it('has a NAT gateway and a private route table in each zone when asked to, and keeps the first ones', () => {
    const found = vpc({ natGateways: 2 });
    expect(
      found.all('aws_nat_gateway').map((nat) => [nat['tags'].Name, nat['subnet_id'], nat['allocation_id']]),
    ).toEqual([
      [
        'shop-test-nat-2',
        expect.stringContaining('.network_Public2_'),
        expect.stringContaining('.network_NatAddress2_'),
      ],
      ['shop-test-nat', expect.stringContaining('.network_Public1_'), expect.stringContaining('.network_NatAddress_')],
    ]);
    const routes = found.all('aws_route').filter((route) => route['nat_gateway_id'] !== undefined);
    expect(routes.map((route) => [route['route_table_id'], route['nat_gateway_id']])).toEqual([
      [expect.stringContaining('.network_PrivateRouteTable2_'), expect.stringContaining('.network_NatGateway2_')],
      [expect.stringContaining('.network_PrivateRouteTable_'), expect.stringContaining('.network_NatGateway_')],
    ]);
    const associations = found
      .all('aws_route_table_association')
      .map((association) => [association['subnet_id'], association['route_table_id']])
      .filter(([subnet]) => String(subnet).includes('.network_Private'));
    expect(associations).toEqual([
      [expect.stringContaining('.network_Private1_'), expect.stringContaining('.network_PrivateRouteTable_')],
      [expect.stringContaining('.network_Private2_'), expect.stringContaining('.network_PrivateRouteTable2_')],
    ]);
    expect(found.addresses).toEqual(expect.arrayContaining(vpc().addresses));
    expect(vpc({ natGateways: 1 }).json).toEqual(vpc().json);
  });

  it('puts gateway endpoints on every private route table and on no other', () => {
    expect(vpc().all('aws_vpc_endpoint')).toEqual([]);
    const found = vpc({ gatewayEndpoints: ['s3', 'dynamodb'], natGateways: 2 });
    const tables = [
      expect.stringContaining('.network_PrivateRouteTable_'),
      expect.stringContaining('.network_PrivateRouteTable2_'),
    ];
    expect(found.all('aws_vpc_endpoint')).toEqual(
      ['dynamodb', 's3'].map((service) => ({
        vpc_id: expect.stringContaining('aws_vpc.network_'),
        service_name: `com.amazonaws.us-east-1.${service}`,
        vpc_endpoint_type: 'Gateway',
        route_table_ids: tables,
        tags: { Name: `shop-test-${service}` },
      })),
    );
  });

  it('refuses NAT gateways and endpoints that cannot stand', () => {
    expect(
      messageOf(() => vpc({ natGateways: 3, egress: 'nat-instance', gatewayEndpoints: ['s3', 's3', 'sqs' as never] })),
    ).toBe(
      [
        'networking.Vpc at test/network: 4 problems',
        '- natGateways is 3; allowed: 1, or 2, one for each zone',
        '- natGateways is 3; allowed with egress "nat-gateway" only, which is "nat-instance"',
        '- gatewayEndpoints is "sqs"; allowed: s3, dynamodb',
        '- gatewayEndpoints is s3, s3, sqs; allowed: each service once',
      ].join('\n'),
    );
    const zones = ['us-west-2-lax-1a', 'us-west-2b'];
    expect(
      messageOf(() =>
        vpc({ tiers: ['public'], gatewayEndpoints: ['s3'], availabilityZones: zones, subnetLayout: 'loose' as never }),
      ),
    ).toBe(
      [
        'networking.Vpc at test/network: 3 problems',
        '- subnetLayout is "loose"; allowed: spaced, packed',
        '- gatewayEndpoints is s3; allowed without private subnets: none',
        '- availabilityZones[0] is "us-west-2-lax-1a"; allowed: with gatewayEndpoints, a zone such as us-west-2a',
      ].join('\n'),
    );
  });

  it('keeps a flow log of all traffic when asked to', () => {
    expect(vpc().all('aws_flow_log')).toEqual([]);
    const found = vpc({ flowLogRetentionDays: 30 });
    expect(found.only('aws_flow_log')).toMatchObject({ traffic_type: 'ALL', log_destination_type: 'cloud-watch-logs' });
    expect(found.only('aws_cloudwatch_log_group')).toMatchObject({
      name: '/vpc/shop-test-flow-log',
      retention_in_days: 30,
    });
    expect(statements(found.only('aws_iam_role_policy')['policy'])[0]?.Action).toEqual([
      'logs:CreateLogStream',
      'logs:DescribeLogGroups',
      'logs:DescribeLogStreams',
      'logs:PutLogEvents',
    ]);
  });

  it('reports every problem at once', () => {
    const given = { cidrBlock: '10.0.0.0/29', availabilityZones: ['us-east-1a'], egress: 'tunnel' as never };
    expect(messageOf(() => vpc(given))).toBe(
      [
        'networking.Vpc at test/network: 4 problems',
        '- cidrBlock "10.0.0.0/29" is /29; AWS allows /16 to /28',
        '- cidrBlock "10.0.0.0/29" is too small: subnets of /24 up to number 10 need at least /20',
        '- availabilityZones.length is 1; allowed: a whole number from 2 to 6',
        '- egress is "tunnel"; allowed: nat-gateway, nat-instance, public-subnets',
      ].join('\n'),
    );
    const zones = ['a', 'b', 'c', 'd', 'e', 'f', 'a'];
    expect(messageOf(() => vpc({ availabilityZones: zones }))).toBe(
      [
        'networking.Vpc at test/network: 2 problems',
        '- availabilityZones.length is 7; allowed: a whole number from 2 to 6',
        '- availabilityZones is a, b, c, d, e, f, a; allowed: each zone once',
      ].join('\n'),
    );
    expect(() => vpc({ availabilityZones: zones.slice(0, 6) })).not.toThrow();
  });

  it('passes every prop on', () => {
    const withLog = { ...base, flowLogRetentionDays: 7 };
    expectPassThrough<VpcProps>(
      withLog,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        account: '222222222222',
        cidrBlock: '10.1.0.0/16',
        availabilityZones: ['us-east-1a', 'us-east-1c'],
        subnetPrefixLength: 25,
        tiers: ['public'],
        subnetLayout: 'packed',
        egress: 'public-subnets',
        natGateways: 2,
        gatewayEndpoints: ['s3'],
        flowLogRetentionDays: 14,
      },
      (stack, props) => new Vpc(stack, 'network', props),
    );
  });
});
