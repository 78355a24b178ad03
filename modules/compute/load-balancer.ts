/** An internal application load balancer: reachable from its VPC alone, plain HTTP inside it. */
import { Lb } from '@cdktf/provider-aws/lib/lb';
import { LbListener } from '@cdktf/provider-aws/lib/lb-listener';
import type { LbTargetGroup } from '@cdktf/provider-aws/lib/lb-target-group';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import { Construct } from 'constructs';
import { check, inRange } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Naming } from '../naming/naming';
import type { Vpc } from '../networking/vpc';

export interface LoadBalancerProps {
  readonly naming: Naming;
  readonly vpc: Vpc;
  /** Last part of the name. @default 'alb' */
  readonly part?: string;
  /** @default 80 */
  readonly port?: number;
  /** Seconds that an idle connection stays open. Above the API's 30 s, so that the API gives up first. @default 60 */
  readonly idleTimeoutSeconds?: number;
  /** Refuses deletion in AWS. @default false */
  readonly deletionProtection?: boolean;
}

export class LoadBalancer extends Construct {
  readonly resource: Lb;
  readonly securityGroup: SecurityGroup;
  readonly port: number;
  readonly vpc: Vpc;
  #listener: LbListener | undefined;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { naming, part = 'alb', port = 80, idleTimeoutSeconds = 60, deletionProtection = false } = props;
    check(this, 'compute.LoadBalancer', [
      inRange('port', port, 1, 65535),
      inRange('idleTimeoutSeconds', idleTimeoutSeconds, 1, 4000, 'seconds'),
    ]);
    this.port = port;
    this.vpc = props.vpc;
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      name: naming.name('aws_security_group', part),
      description: 'Internal load balancer: HTTP from inside the VPC, out to its targets',
      vpcId: props.vpc.id,
    });
    const ingress = new VpcSecurityGroupIngressRule(this, 'FromAnywhere', {
      securityGroupId: this.securityGroup.id,
      description: 'HTTP; the load balancer has addresses in the VPC only',
      ipProtocol: 'tcp',
      fromPort: port,
      toPort: port,
      cidrIpv4: '0.0.0.0/0',
    });
    if (port === 80) {
      skipChecks(ingress, ['CKV_AWS_260'], {
        reason: 'the load balancer is internal: only traffic of the VPC (the VPC link) can arrive',
        owner: 'platform',
      });
    }
    this.resource = new Lb(this, 'Resource', {
      name: naming.name('aws_lb', part),
      internal: true,
      loadBalancerType: 'application',
      securityGroups: [this.securityGroup.id],
      subnets: props.vpc.privateSubnets.map(({ id: subnet }) => subnet),
      idleTimeout: idleTimeoutSeconds,
      dropInvalidHeaderFields: true,
      enableDeletionProtection: deletionProtection,
    });
    skipChecks(this.resource, ['CKV_AWS_91'], {
      reason:
        "every request is in the API's access log and in the service's own; a second log costs a bucket and says no more",
      owner: 'platform',
    });
    skipChecks(this.resource, ['CKV2_AWS_20'], {
      reason: 'nothing to redirect to: TLS ends at the API, and the way from there stays in the VPC',
      owner: 'platform',
    });
    if (!deletionProtection) {
      skipChecks(this.resource, ['CKV_AWS_150'], {
        reason: 'deletion protection is a value of the environment; production has it',
        owner: 'platform',
      });
    }
  }

  /** The one listener; made when a service says where it forwards to. */
  get listener(): LbListener {
    if (this.#listener === undefined) throw new Error(`${this.node.path} has no listener yet: call forwardTo first`);
    return this.#listener;
  }

  forwardTo(targetGroup: LbTargetGroup): LbListener {
    this.#listener = new LbListener(this, 'Listener', {
      loadBalancerArn: this.resource.arn,
      port: this.port,
      protocol: 'HTTP',
      defaultAction: [{ type: 'forward', targetGroupArn: targetGroup.arn }],
    });
    skipChecks(this.#listener, ['CKV_AWS_2', 'CKV_AWS_103'], {
      reason: 'TLS ends at the API; the way from there to the task stays in the VPC',
      owner: 'platform',
    });
    return this.#listener;
  }
}
