/** A VPC link (version 2): network interfaces in private subnets through which an HTTP API reaches a load balancer. */
import { Apigatewayv2VpcLink } from '@cdktf/provider-aws/lib/apigatewayv2-vpc-link';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { Construct } from 'constructs';
import type { LoadBalancer } from '../compute/load-balancer';
import type { Naming } from '../naming/naming';

export interface VpcLinkProps {
  readonly naming: Naming;
  readonly loadBalancer: LoadBalancer;
}

export class VpcLink extends Construct {
  readonly resource: Apigatewayv2VpcLink;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { naming, loadBalancer }: VpcLinkProps) {
    super(scope, id);
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      name: naming.name('aws_security_group', 'vpc-link'),
      description: 'VPC link of the API: out to the load balancer only',
      vpcId: loadBalancer.vpc.id,
    });
    new VpcSecurityGroupEgressRule(this, 'ToLoadBalancer', {
      securityGroupId: this.securityGroup.id,
      description: 'To the listener of the load balancer',
      referencedSecurityGroupId: loadBalancer.securityGroup.id,
      ipProtocol: 'tcp',
      fromPort: loadBalancer.port,
      toPort: loadBalancer.port,
    });
    this.resource = new Apigatewayv2VpcLink(this, 'Resource', {
      name: naming.name('aws_apigatewayv2_vpc_link', 'vpc-link'),
      securityGroupIds: [this.securityGroup.id],
      subnetIds: loadBalancer.vpc.privateSubnets.map((subnet) => subnet.id),
    });
  }
}
