/** A name of ours that answers with the addresses of something in AWS: an alias record for IPv4, and one for IPv6. */
import { Route53Record } from '@cdktf/provider-aws/lib/route53-record';
import { Construct } from 'constructs';
import { check } from '../checks/checks';
import { domainNameRule, hostedZoneRule, type AliasTarget } from './domain-name';

export interface AliasRecordProps {
  /** The zone that the name is in. */
  readonly hostedZoneId: string;
  readonly domainName: string;
  readonly target: AliasTarget;
  /** Whether the target has IPv6 addresses: a distribution has, a load balancer of ours has not. @default true */
  readonly ipv6?: boolean;
}

export class AliasRecord extends Construct {
  /** The record for IPv4. */
  readonly resource: Route53Record;

  constructor(scope: Construct, id: string, props: AliasRecordProps) {
    super(scope, id);
    const { ipv6 = true } = props;
    check(this, 'edge.AliasRecord', [
      hostedZoneRule('hostedZoneId', props.hostedZoneId),
      domainNameRule('domainName', props.domainName),
    ]);
    this.resource = this.#record('Resource', 'A', props);
    if (ipv6) this.#record('Ipv6', 'AAAA', props);
  }

  #record(id: string, type: 'A' | 'AAAA', { hostedZoneId, domainName, target }: AliasRecordProps): Route53Record {
    return new Route53Record(this, id, {
      zoneId: hostedZoneId,
      name: domainName,
      type,
      // There is no second target to turn to, so its health does not matter to the answer.
      alias: { name: target.dnsName, zoneId: target.hostedZoneId, evaluateTargetHealth: false },
    });
  }
}
