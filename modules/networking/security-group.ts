/**
 * A security group with rules of their own, each with a name. It is closed both ways at first: rules are added by whoever
 * composes the stack, and those between two groups name the groups, never addresses.
 */
import { SecurityGroup as AwsSecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import { Construct } from 'constructs';
import { check, inRange, matches } from '../checks/checks';
import type { Naming } from '../naming/naming';
import type { Vpc } from './vpc';

export interface SecurityGroupProps {
  readonly naming: Naming;
  /** Last part of the name. */
  readonly part: string;
  readonly vpc: Vpc;
  /** What it is for. AWS cannot change it: another text replaces the group. */
  readonly description: string;
}

export interface PortRule {
  /** TCP. */
  readonly port: number;
  /** Why. */
  readonly description: string;
}

/** What AWS takes as a description, of a group and of a rule. */
const DESCRIPTION = /^[A-Za-z0-9 ._:/()#,@[\]+=&;{}!$*-]{1,255}$/;
const DESCRIPTION_ALLOWED = '1 to 255 letters, digits, spaces and . _ - : / ( ) # , @ [ ] + = & ; { } ! $ *';

export class SecurityGroup extends Construct {
  readonly resource: AwsSecurityGroup;

  constructor(scope: Construct, id: string, props: SecurityGroupProps) {
    super(scope, id);
    check(this, 'networking.SecurityGroup', [
      matches('description', props.description, DESCRIPTION, DESCRIPTION_ALLOWED),
    ]);
    this.resource = new AwsSecurityGroup(this, 'Resource', {
      name: props.naming.name('aws_security_group', props.part),
      description: props.description,
      vpcId: props.vpc.id,
    });
  }

  get id(): string {
    return this.resource.id;
  }

  /** Lets another group's members in on one port. The other group must let them out. */
  letIn(id: string, from: SecurityGroup, rule: PortRule): VpcSecurityGroupIngressRule {
    this.#check(rule);
    return new VpcSecurityGroupIngressRule(this, id, {
      securityGroupId: this.id,
      description: rule.description,
      referencedSecurityGroupId: from.id,
      ipProtocol: 'tcp',
      fromPort: rule.port,
      toPort: rule.port,
    });
  }

  /** Lets members out to another group's on one port; not needed beside `letOutAnywhere`. */
  letOut(id: string, to: SecurityGroup, rule: PortRule): VpcSecurityGroupEgressRule {
    this.#check(rule);
    return new VpcSecurityGroupEgressRule(this, id, {
      securityGroupId: this.id,
      description: rule.description,
      referencedSecurityGroupId: to.id,
      ipProtocol: 'tcp',
      fromPort: rule.port,
      toPort: rule.port,
    });
  }

  /** Every protocol to every address: for what calls AWS and services whose addresses are not known before. */
  letOutAnywhere(description: string): VpcSecurityGroupEgressRule {
    this.#check({ description });
    return new VpcSecurityGroupEgressRule(this, 'ToAnywhere', {
      securityGroupId: this.id,
      description,
      ipProtocol: '-1',
      cidrIpv4: '0.0.0.0/0',
    });
  }

  #check({ port, description }: Partial<PortRule>): void {
    check(this, 'networking.SecurityGroup', [
      inRange('port', port, 1, 65_535),
      matches('description', description, DESCRIPTION, DESCRIPTION_ALLOWED),
    ]);
  }
}
