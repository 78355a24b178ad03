/**
 * An application load balancer: internal, reachable from its VPC alone, or facing the Internet. One plain listener, and
 * with a certificate one for TLS besides, to which the plain one then redirects.
 */
import { Lb } from '@cdktf/provider-aws/lib/lb';
import { LbListener } from '@cdktf/provider-aws/lib/lb-listener';
import type { LbTargetGroup } from '@cdktf/provider-aws/lib/lb-target-group';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import { Construct } from 'constructs';
import { check, inRange, oneOf, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Naming } from '../naming/naming';
import type { Vpc } from '../networking/vpc';

export const loadBalancerSchemes = ['internal', 'internet-facing'] as const;
export type LoadBalancerScheme = (typeof loadBalancerSchemes)[number];

export interface LoadBalancerProps {
  readonly naming: Naming;
  readonly vpc: Vpc;
  /** Last part of the name. @default 'alb' */
  readonly part?: string;
  /**
   * `internal` has addresses in the private subnets alone, `internet-facing` public ones in the public subnets.
   * @default 'internal'
   */
  readonly scheme?: LoadBalancerScheme;
  /** Of the plain listener. @default 80 */
  readonly port?: number;
  /** An issued certificate of this region: TLS on 443, and the plain listener redirects there. @default - plain only */
  readonly certificateArn?: string;
  /** Seconds that an idle connection stays open. Above the API's 30 s, so that the API gives up first. @default 60 */
  readonly idleTimeoutSeconds?: number;
  /** Refuses deletion in AWS. @default false */
  readonly deletionProtection?: boolean;
}

const TLS_PORT = 443;
/** TLS 1.2 and 1.3 with forward secrecy. */
const TLS_POLICY = 'ELBSecurityPolicy-TLS13-1-2-2021-06';

export class LoadBalancer extends Construct {
  readonly resource: Lb;
  readonly securityGroup: SecurityGroup;
  /** Where requests are taken: that of TLS if there is a certificate. */
  readonly port: number;
  readonly usesTls: boolean;
  readonly scheme: LoadBalancerScheme;
  readonly vpc: Vpc;
  readonly #plainPort: number;
  readonly #certificateArn: string | undefined;
  #listener: LbListener | undefined;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { naming, vpc, part = 'alb', scheme = 'internal', port = 80, idleTimeoutSeconds = 60 } = props;
    const { certificateArn, deletionProtection = false } = props;
    check(this, 'compute.LoadBalancer', [
      oneOf('scheme', scheme, loadBalancerSchemes),
      unless(
        scheme === 'internal' && vpc.privateSubnets.length === 0,
        'scheme is "internal"; allowed in a VPC without private subnets: internet-facing',
      ),
      inRange('port', port, 1, 65535),
      unless(port === TLS_PORT, `port is ${TLS_PORT}; allowed: another one, as ${TLS_PORT} is the port for TLS`),
      inRange('idleTimeoutSeconds', idleTimeoutSeconds, 1, 4000, 'seconds'),
    ]);
    this.usesTls = certificateArn !== undefined;
    this.port = this.usesTls ? TLS_PORT : port;
    this.scheme = scheme;
    this.vpc = vpc;
    this.#plainPort = port;
    this.#certificateArn = certificateArn;

    const isPublic = scheme === 'internet-facing';
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      name: naming.name('aws_security_group', part),
      description: isPublic
        ? 'Public load balancer: HTTP and HTTPS from anywhere, out to its targets'
        : 'Internal load balancer: HTTP from inside the VPC, out to its targets',
      vpcId: vpc.id,
    });
    this.#letIn('FromAnywhere', port, isPublic ? 'HTTP' : 'HTTP; the load balancer has addresses in the VPC only');
    // A public one is open for TLS from its first day: the certificate may come later, the rule is no risk before.
    if (isPublic || this.usesTls) this.#letIn('TlsFromAnywhere', TLS_PORT, 'HTTPS');

    const subnets = isPublic ? vpc.publicSubnets : vpc.privateSubnets;
    this.resource = new Lb(this, 'Resource', {
      name: naming.name('aws_lb', part),
      internal: !isPublic,
      loadBalancerType: 'application',
      securityGroups: [this.securityGroup.id],
      subnets: subnets.map(({ id: subnet }) => subnet),
      idleTimeout: idleTimeoutSeconds,
      dropInvalidHeaderFields: true,
      enableDeletionProtection: deletionProtection,
    });
    this.#acceptFindings(isPublic, deletionProtection);
  }

  /** The name that AWS gave it. */
  get dnsName(): string {
    return this.resource.dnsName;
  }

  /** What an alias record of Route 53 points at. */
  get aliasTarget(): { readonly dnsName: string; readonly hostedZoneId: string } {
    return { dnsName: this.resource.dnsName, hostedZoneId: this.resource.zoneId };
  }

  /** The listener that takes requests; made when a service says where it forwards to. */
  get listener(): LbListener {
    if (this.#listener === undefined) throw new Error(`${this.node.path} has no listener yet: call forwardTo first`);
    return this.#listener;
  }

  forwardTo(targetGroup: LbTargetGroup): LbListener {
    const plain = { loadBalancerArn: this.resource.arn, port: this.#plainPort, protocol: 'HTTP' };
    const forward = { type: 'forward', targetGroupArn: targetGroup.arn };
    if (this.#certificateArn !== undefined) {
      const redirect = { protocol: 'HTTPS', port: String(TLS_PORT), statusCode: 'HTTP_301' };
      new LbListener(this, 'Listener', { ...plain, defaultAction: [{ type: 'redirect', redirect }] });
      this.#listener = new LbListener(this, 'TlsListener', {
        loadBalancerArn: this.resource.arn,
        port: TLS_PORT,
        protocol: 'HTTPS',
        sslPolicy: TLS_POLICY,
        certificateArn: this.#certificateArn,
        defaultAction: [forward],
      });
      return this.#listener;
    }
    this.#listener = new LbListener(this, 'Listener', { ...plain, defaultAction: [forward] });
    skipChecks(this.#listener, ['CKV_AWS_2', 'CKV_AWS_103'], {
      reason:
        this.scheme === 'internal'
          ? 'TLS ends at the API; the way from there to the task stays in the VPC'
          : NO_CERTIFICATE,
      owner: 'platform',
    });
    return this.#listener;
  }

  #letIn(id: string, port: number, description: string): void {
    const rule = new VpcSecurityGroupIngressRule(this, id, {
      securityGroupId: this.securityGroup.id,
      description,
      ipProtocol: 'tcp',
      fromPort: port,
      toPort: port,
      cidrIpv4: '0.0.0.0/0',
    });
    if (port !== 80) return;
    skipChecks(rule, ['CKV_AWS_260'], {
      reason:
        this.scheme === 'internal'
          ? 'the load balancer is internal: only traffic of the VPC (the VPC link) can arrive'
          : 'a public load balancer is asked on port 80 too: by CloudFront, or to be redirected to TLS',
      owner: 'platform',
    });
  }

  #acceptFindings(isPublic: boolean, deletionProtection: boolean): void {
    skipChecks(this.resource, ['CKV_AWS_91'], {
      reason: isPublic
        ? "every request is in the service's own log; a second log costs a bucket and says no more"
        : "every request is in the API's access log and in the service's own; a second log costs a bucket and says no more",
      owner: 'platform',
    });
    if (!this.usesTls) {
      skipChecks(this.resource, ['CKV2_AWS_20'], {
        reason: isPublic
          ? NO_CERTIFICATE
          : 'nothing to redirect to: TLS ends at the API, and the way from there stays in the VPC',
        owner: 'platform',
      });
    }
    if (isPublic) {
      skipChecks(this.resource, ['CKV2_AWS_28'], {
        reason:
          'a web ACL is billed by the month and by request; the service checks the token of every request but /health',
        owner: 'platform',
      });
    }
    if (!deletionProtection) {
      skipChecks(this.resource, ['CKV_AWS_150'], {
        reason: 'deletion protection is a value of the environment; production has it',
        owner: 'platform',
      });
    }
  }
}

const NO_CERTIFICATE =
  'a certificate needs a domain name, which is a value of the environment; without one TLS ends at CloudFront, and ' +
  'from there the request crosses the network of AWS unencrypted';
