/**
 * A VPC over two or more zones: public subnets, private subnets unless there are to be none, one way out. The default
 * security group is closed. Exposes the subnets that tasks belong in, which depends on the way out.
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
import { Construct } from 'constructs';
import { check, inRange, oneOf, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Naming } from '../naming/naming';
import { cidrProblems, planCidrs, subnetTiers, type SubnetTier } from './cidr-plan';
import { FlowLog } from './flow-log';
import { NatInstance } from './nat-instance';

export const egressKinds = ['nat-gateway', 'nat-instance', 'public-subnets'] as const;
export type Egress = (typeof egressKinds)[number];

export interface VpcProps {
  readonly naming: Naming;
  /** The account that owns the VPC; for the flow log's role. */
  readonly account: string;
  /** IPv4 range, /16 to /28. */
  readonly cidrBlock: string;
  /** Zone names, two at least. The first one holds the NAT. */
  readonly availabilityZones: readonly string[];
  /** @default 24 */
  readonly subnetPrefixLength?: number;
  /** Which subnets there are, one of each tier in each zone; `public` always. @default - public and private */
  readonly tiers?: readonly SubnetTier[];
  /**
   * How private subnets reach the Internet. `public-subnets` gives them no way out: tasks go to the public ones.
   * AWS bills a NAT gateway by the hour (about $32 a month) and by the GB.
   * @default - 'nat-gateway', and 'public-subnets' where no subnet is private
   */
  readonly egress?: Egress;
  /**
   * Days to keep a flow log of all traffic. Billed by volume.
   * @default - no flow log
   */
  readonly flowLogRetentionDays?: number;
}

const ANYWHERE = '0.0.0.0/0';

export class Vpc extends Construct {
  readonly resource: AwsVpc;
  readonly publicSubnets: readonly Subnet[];
  /** None where the tier was left out. */
  readonly privateSubnets: readonly Subnet[];
  /** Where tasks run: private subnets, unless there is no way out of them. */
  readonly taskSubnets: readonly Subnet[];
  /** Whether a task needs a public address to reach anything. */
  readonly tasksNeedPublicIp: boolean;

  constructor(scope: Construct, id: string, props: VpcProps) {
    super(scope, id);
    const { naming, cidrBlock, availabilityZones: zones, subnetPrefixLength = 24, tiers = subnetTiers } = props;
    const hasPrivate = tiers.includes('private');
    const { egress = hasPrivate ? 'nat-gateway' : 'public-subnets' } = props;
    const plan = { cidrBlock, subnetPrefixLength, zones: zones.length, tiers };
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

    const gateway = new InternetGateway(this, 'InternetGateway', {
      vpcId: this.resource.id,
      tags: { Name: naming.name('tag', '') },
    });
    const publicTable = this.#routes('Public', this.publicSubnets, naming);
    const publicRoute = new Route(this, 'PublicDefaultRoute', {
      routeTableId: publicTable.id,
      destinationCidrBlock: ANYWHERE,
      gatewayId: gateway.id,
    });
    if (hasPrivate) this.#wayOut(this.#routes('Private', this.privateSubnets, naming), publicRoute, egress, props);

    this.tasksNeedPublicIp = egress === 'public-subnets';
    this.taskSubnets = this.tasksNeedPublicIp ? this.publicSubnets : this.privateSubnets;
    this.#flowLog(props);
  }

  get id(): string {
    return this.resource.id;
  }

  #subnet(kind: 'Public' | 'Private', index: number, cidrBlock: string, props: VpcProps): Subnet {
    return new Subnet(this, `${kind}${index + 1}`, {
      vpcId: this.resource.id,
      cidrBlock,
      availabilityZone: props.availabilityZones[index] ?? '',
      mapPublicIpOnLaunch: false,
      tags: { Name: props.naming.name('tag', `${kind.toLowerCase()}-${index + 1}`) },
    });
  }

  #routes(kind: 'Public' | 'Private', subnets: readonly Subnet[], naming: Naming): RouteTable {
    const table = new RouteTable(this, `${kind}RouteTable`, {
      vpcId: this.resource.id,
      tags: { Name: naming.name('tag', kind.toLowerCase()) },
    });
    subnets.forEach((subnet, index) => {
      new RouteTableAssociation(this, `${kind}${index + 1}Routes`, { subnetId: subnet.id, routeTableId: table.id });
    });
    return table;
  }

  #wayOut(privateTable: RouteTable, publicRoute: Route, egress: Egress, { naming, cidrBlock }: VpcProps): void {
    const [firstPublic] = this.publicSubnets;
    if (egress === 'public-subnets' || firstPublic === undefined) return;
    if (egress === 'nat-instance') {
      const nat = new NatInstance(this, 'NatInstance', {
        naming,
        vpcId: this.resource.id,
        subnetId: firstPublic.id,
        cidrBlock,
      });
      new Route(this, 'PrivateDefaultRoute', {
        routeTableId: privateTable.id,
        destinationCidrBlock: ANYWHERE,
        networkInterfaceId: nat.resource.primaryNetworkInterfaceId,
      });
      return;
    }
    const address = new Eip(this, 'NatAddress', { domain: 'vpc', tags: { Name: naming.name('tag', 'nat') } });
    const nat = new NatGateway(this, 'NatGateway', {
      allocationId: address.id,
      subnetId: firstPublic.id,
      tags: { Name: naming.name('tag', 'nat') },
      dependsOn: [publicRoute],
    });
    new Route(this, 'PrivateDefaultRoute', {
      routeTableId: privateTable.id,
      destinationCidrBlock: ANYWHERE,
      natGatewayId: nat.id,
    });
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
