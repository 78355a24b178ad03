/**
 * A VPC over two or more zones: public subnets, private subnets unless there are to be none, isolated ones where asked
 * for, one way out. The default security group is closed. Exposes the subnets that tasks belong in, which depends on the
 * way out.
 */
import { DefaultSecurityGroup } from '@cdktf/provider-aws/lib/default-security-group';
import { Eip } from '@cdktf/provider-aws/lib/eip';
import { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway';
import { NatGateway } from '@cdktf/provider-aws/lib/nat-gateway';
import { Route } from '@cdktf/provider-aws/lib/route';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table';
import { RouteTableAssociation } from '@cdktf/provider-aws/lib/route-table-association';
import { Subnet } from '@cdktf/provider-aws/lib/subnet';
import { Vpc as AwsVpc } from '@cdktf/provider-aws/lib/vpc';
import { VpcEndpoint } from '@cdktf/provider-aws/lib/vpc-endpoint';
import { Construct } from 'constructs';
import { check, inRange, matches, oneOf, unless, type Rule } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Naming } from '../naming/naming';
import {
  cidrProblems,
  defaultTiers,
  planCidrs,
  subnetLayouts,
  subnetTiers,
  type SubnetLayout,
  type SubnetTier,
} from './cidr-plan';
import { FlowLog } from './flow-log';
import { NatInstance } from './nat-instance';

export const egressKinds = ['nat-gateway', 'nat-instance', 'public-subnets'] as const;
export type Egress = (typeof egressKinds)[number];

/** Services that have an endpoint in the route table, at no price. */
export const gatewayServices = ['s3', 'dynamodb'] as const;
export type GatewayService = (typeof gatewayServices)[number];

export interface VpcProps {
  readonly naming: Naming;
  /** The account that owns the VPC; for the flow log's role. */
  readonly account: string;
  /** IPv4 range, /16 to /28. */
  readonly cidrBlock: string;
  /** Zone names, two at least. The first one holds the NAT where there is one. */
  readonly availabilityZones: readonly string[];
  /** @default 24 */
  readonly subnetPrefixLength?: number;
  /** Which subnets there are, one of each tier in each zone; `public` always. @default - public and private */
  readonly tiers?: readonly SubnetTier[];
  /** `packed` gives the tiers one after the other from the start of the range. Changing it replaces subnets. @default 'spaced' */
  readonly subnetLayout?: SubnetLayout;
  /**
   * How private subnets reach the Internet. `public-subnets` gives them no way out: tasks go to the public ones.
   * AWS bills a NAT gateway by the hour (about $32 a month) and by the GB.
   * @default - 'nat-gateway', and 'public-subnets' where no subnet is private
   */
  readonly egress?: Egress;
  /** One for all zones, or one in each: then a zone that fails takes no other zone's way out with it. @default 1 */
  readonly natGateways?: number;
  /** What private subnets reach inside AWS, past the NAT and its price for each GB. @default - none */
  readonly gatewayEndpoints?: readonly GatewayService[];
  /**
   * Days to keep a flow log of all traffic. Billed by volume.
   * @default - no flow log
   */
  readonly flowLogRetentionDays?: number;
}

const ANYWHERE = '0.0.0.0/0';
/** A zone's name is its region's and one letter. */
const ZONE = /^([a-z]{2}(?:-[a-z]+)+-\d)[a-z]$/;

export class Vpc extends Construct {
  readonly resource: AwsVpc;
  readonly publicSubnets: readonly Subnet[];
  /** None where the tier was left out. */
  readonly privateSubnets: readonly Subnet[];
  /** Without any route out of the VPC. None unless the tier was asked for. */
  readonly isolatedSubnets: readonly Subnet[];
  /** Where tasks run: private subnets, unless there is no way out of them. */
  readonly taskSubnets: readonly Subnet[];
  /** Whether a task needs a public address to reach anything. */
  readonly tasksNeedPublicIp: boolean;

  constructor(scope: Construct, id: string, props: VpcProps) {
    super(scope, id);
    const { naming, cidrBlock, availabilityZones: zones, subnetPrefixLength = 24, tiers = defaultTiers } = props;
    const hasPrivate = tiers.includes('private');
    const { egress = hasPrivate ? 'nat-gateway' : 'public-subnets', subnetLayout: layout = 'spaced' } = props;
    const { natGateways = 1, gatewayEndpoints = [] } = props;
    const plan = { cidrBlock, subnetPrefixLength, zones: zones.length, tiers, layout };
    check(this, 'networking.Vpc', [
      ...cidrProblems(plan),
      inRange('availabilityZones.length', zones.length, 2, 6),
      unless(new Set(zones).size !== zones.length, `availabilityZones is ${zones.join(', ')}; allowed: each zone once`),
      ...tiers.map((tier) => oneOf('tiers', tier, subnetTiers)),
      unless(
        !tiers.includes('public'),
        `tiers is ${tiers.join(', ') || 'empty'}; allowed: public, alone or with others`,
      ),
      oneOf('egress', egress, egressKinds),
      unless(
        !hasPrivate && egress !== 'public-subnets',
        `egress is "${egress}"; allowed without private subnets: public-subnets`,
      ),
      oneOf('subnetLayout', layout, subnetLayouts),
      unless(
        natGateways !== 1 && natGateways !== zones.length,
        `natGateways is ${natGateways}; allowed: 1, or ${zones.length}, one for each zone`,
      ),
      unless(
        props.natGateways !== undefined && egress !== 'nat-gateway',
        `natGateways is ${natGateways}; allowed with egress "nat-gateway" only, which is "${egress}"`,
      ),
      ...this.#endpointRules(gatewayEndpoints, zones, hasPrivate),
    ]);
    const cidrs = planCidrs(plan);

    this.resource = new AwsVpc(this, 'Resource', {
      cidrBlock,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: naming.name('tag', '') },
    });
    new DefaultSecurityGroup(this, 'DefaultSecurityGroup', {
      vpcId: this.resource.id,
      tags: { Name: naming.name('tag', 'default-closed') },
    });
    this.publicSubnets = cidrs.public.map((range, index) => this.#subnet('Public', index, range, props));
    this.privateSubnets = cidrs.private.map((range, index) => this.#subnet('Private', index, range, props));
    this.isolatedSubnets = cidrs.isolated.map((range, index) => this.#subnet('Isolated', index, range, props));

    const gateway = new InternetGateway(this, 'InternetGateway', {
      vpcId: this.resource.id,
      tags: { Name: naming.name('tag', '') },
    });
    const [publicTable] = this.#routes('Public', this.publicSubnets, naming);
    const publicRoute = new Route(this, 'PublicDefaultRoute', {
      routeTableId: publicTable.id,
      destinationCidrBlock: ANYWHERE,
      gatewayId: gateway.id,
    });
    if (hasPrivate) {
      const tables = this.#routes('Private', this.privateSubnets, naming, natGateways);
      tables.forEach((table, index) => this.#wayOut(table, index, publicRoute, egress, props));
      this.#endpoints(gatewayEndpoints, tables, props);
    }
    // A table of their own: without one they would follow the VPC's main table, which anybody may add a route to.
    if (this.isolatedSubnets.length > 0) this.#routes('Isolated', this.isolatedSubnets, naming);

    this.tasksNeedPublicIp = egress === 'public-subnets';
    this.taskSubnets = this.tasksNeedPublicIp ? this.publicSubnets : this.privateSubnets;
    this.#flowLog(props);
  }

  get id(): string {
    return this.resource.id;
  }

  #subnet(kind: 'Public' | 'Private' | 'Isolated', index: number, cidrBlock: string, props: VpcProps): Subnet {
    return new Subnet(this, `${kind}${index + 1}`, {
      vpcId: this.resource.id,
      cidrBlock,
      availabilityZone: props.availabilityZones[index] ?? '',
      mapPublicIpOnLaunch: false,
      tags: { Name: props.naming.name('tag', `${kind.toLowerCase()}-${index + 1}`) },
    });
  }

  /** One table for all, or as many as subnets; the first keeps its id, so that further ones come without a replacement. */
  #routes(
    kind: 'Public' | 'Private' | 'Isolated',
    subnets: readonly Subnet[],
    naming: Naming,
    count = 1,
  ): [RouteTable, ...RouteTable[]] {
    const table = (index: number): RouteTable =>
      new RouteTable(this, `${kind}RouteTable${numbered(index)}`, {
        vpcId: this.resource.id,
        tags: { Name: naming.name('tag', `${kind.toLowerCase()}${numbered(index, '-')}`) },
      });
    const first = table(0);
    const tables: [RouteTable, ...RouteTable[]] = [
      first,
      ...Array.from({ length: count - 1 }, (_, index) => table(index + 1)),
    ];
    subnets.forEach((subnet, index) => {
      const { id: routeTableId } = tables[index] ?? first;
      new RouteTableAssociation(this, `${kind}${index + 1}Routes`, { subnetId: subnet.id, routeTableId });
    });
    return tables;
  }

  #wayOut(table: RouteTable, index: number, publicRoute: Route, egress: Egress, props: VpcProps): void {
    const publicSubnet = this.publicSubnets[index];
    if (egress === 'public-subnets' || publicSubnet === undefined) return;
    const { naming, cidrBlock } = props;
    const route = { routeTableId: table.id, destinationCidrBlock: ANYWHERE };
    if (egress === 'nat-instance') {
      const nat = new NatInstance(this, 'NatInstance', {
        naming,
        vpcId: this.resource.id,
        subnetId: publicSubnet.id,
        cidrBlock,
      });
      new Route(this, 'PrivateDefaultRoute', { ...route, networkInterfaceId: nat.resource.primaryNetworkInterfaceId });
      return;
    }
    const tags = { Name: naming.name('tag', `nat${numbered(index, '-')}`) };
    const address = new Eip(this, `NatAddress${numbered(index)}`, { domain: 'vpc', tags });
    const nat = new NatGateway(this, `NatGateway${numbered(index)}`, {
      allocationId: address.id,
      subnetId: publicSubnet.id,
      tags,
      dependsOn: [publicRoute],
    });
    new Route(this, `PrivateDefaultRoute${numbered(index)}`, { ...route, natGatewayId: nat.id });
  }

  #endpointRules(services: readonly GatewayService[], zones: readonly string[], hasPrivate: boolean): Rule[] {
    if (services.length === 0) return [];
    return [
      ...services.map((service) => oneOf('gatewayEndpoints', service, gatewayServices)),
      unless(
        new Set(services).size !== services.length,
        `gatewayEndpoints is ${services.join(', ')}; allowed: each service once`,
      ),
      unless(!hasPrivate, `gatewayEndpoints is ${services.join(', ')}; allowed without private subnets: none`),
      matches('availabilityZones[0]', zones[0], ZONE, 'with gatewayEndpoints, a zone such as us-west-2a'),
    ];
  }

  #endpoints(services: readonly GatewayService[], tables: readonly RouteTable[], props: VpcProps): void {
    const region = ZONE.exec(props.availabilityZones[0] ?? '')?.[1];
    for (const service of services) {
      new VpcEndpoint(this, `Endpoint${service === 's3' ? 'S3' : 'DynamoDb'}`, {
        vpcId: this.resource.id,
        serviceName: `com.amazonaws.${region}.${service}`,
        vpcEndpointType: 'Gateway',
        routeTableIds: tables.map(({ id }) => id),
        tags: { Name: props.naming.name('tag', service) },
      });
    }
  }

  #flowLog({ naming, account, flowLogRetentionDays }: VpcProps): void {
    if (flowLogRetentionDays === undefined) {
      skipChecks(this.resource, ['CKV2_AWS_11'], {
        reason: 'flow logs are billed by volume and are a value of the environment; production has them',
        owner: 'platform',
      });
      return;
    }
    new FlowLog(this, 'FlowLog', { naming, account, vpcId: this.resource.id, retentionDays: flowLogRetentionDays });
  }
}

/** Nothing for the first, then 2, 3...: what was alone keeps its name when others join it. */
function numbered(index: number, separator = ''): string {
  return index === 0 ? '' : `${separator}${index + 1}`;
}
