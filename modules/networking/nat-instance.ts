/**
 * A small instance that translates addresses for private subnets: about $4 a month where a NAT gateway costs $32, and a
 * single machine where the gateway is a service. For environments that may lose their way out for some minutes.
 */
import { DataAwsSsmParameter } from '@cdktf/provider-aws/lib/data-aws-ssm-parameter';
import { Instance } from '@cdktf/provider-aws/lib/instance';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import { Construct } from 'constructs';
import { skipChecks } from '../checks/skip';
import type { Naming } from '../naming/naming';

export interface NatInstanceProps {
  readonly naming: Naming;
  readonly vpcId: string;
  /** A public subnet. */
  readonly subnetId: string;
  /** The network whose traffic it takes. */
  readonly cidrBlock: string;
}

/** AWS keeps the id of its current image under this name. */
const IMAGE_PARAMETER = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64';

const userData = [
  '#!/bin/bash',
  'set -euo pipefail',
  'dnf install -y nftables',
  'echo "net.ipv4.ip_forward = 1" > /etc/sysctl.d/90-nat.conf',
  'sysctl --system',
  'cat > /etc/sysconfig/nftables.conf <<RULES',
  'table ip nat {',
  '  chain postrouting {',
  '    type nat hook postrouting priority srcnat;',
  '    masquerade',
  '  }',
  '}',
  'RULES',
  'systemctl enable --now nftables',
  '',
].join('\n');

export class NatInstance extends Construct {
  readonly resource: Instance;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: NatInstanceProps) {
    super(scope, id);
    const name = props.naming.name('tag', 'nat');
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      name: props.naming.name('aws_security_group', 'nat'),
      description: 'NAT instance: takes the traffic of the VPC, sends it to the Internet',
      vpcId: props.vpcId,
    });
    new VpcSecurityGroupIngressRule(this, 'FromVpc', {
      securityGroupId: this.securityGroup.id,
      description: 'Everything that the VPC sends out',
      ipProtocol: '-1',
      cidrIpv4: props.cidrBlock,
    });
    new VpcSecurityGroupEgressRule(this, 'ToInternet', {
      securityGroupId: this.securityGroup.id,
      description: 'Out to anywhere',
      ipProtocol: '-1',
      cidrIpv4: '0.0.0.0/0',
    });
    const image = new DataAwsSsmParameter(this, 'Image', { name: IMAGE_PARAMETER });
    this.resource = new Instance(this, 'Resource', {
      ami: image.insecureValue,
      instanceType: 't4g.nano',
      subnetId: props.subnetId,
      vpcSecurityGroupIds: [this.securityGroup.id],
      associatePublicIpAddress: true,
      sourceDestCheck: false,
      ebsOptimized: true,
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
      rootBlockDevice: { encrypted: true, volumeType: 'gp3', volumeSize: 8 },
      userData,
      userDataReplaceOnChange: true,
      tags: { Name: name },
      // AWS publishes a new image every other week; taking it is a decision (-replace), not a side effect of a deploy.
      lifecycle: { ignoreChanges: ['ami'] },
    });
    skipChecks(this.resource, ['CKV_AWS_88'], {
      reason: 'a NAT instance is the way to the Internet, so it has an address there',
      owner: 'platform',
    });
    skipChecks(this.resource, ['CKV_AWS_126', 'CKV2_AWS_41'], {
      reason:
        'the cheap way out of a small environment: no detailed monitoring, and no AWS call to make, hence no role',
      owner: 'platform',
    });
  }
}
