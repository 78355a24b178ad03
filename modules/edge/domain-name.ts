/** Rules for what the constructs of the edge share: names in DNS, and where an alias record points. */
import { matches, type Rule } from '../checks/checks';

/** What an alias record points at: a distribution and a load balancer give theirs. */
export interface AliasTarget {
  /** The name that AWS gave the target. */
  readonly dnsName: string;
  /** The zone of that name, which is AWS's own. */
  readonly hostedZoneId: string;
}

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const domainName = new RegExp(`^(?=.{1,253}$)(${label}\\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`);

export function domainNameRule(prop: string, value: string | undefined): Rule {
  return matches(prop, value, domainName, 'a lower-case name such as stories.example.com');
}

export function hostedZoneRule(prop: string, value: string | undefined): Rule {
  return matches(prop, value, /^Z[A-Z0-9]{1,31}$/, 'the id of a Route 53 zone, such as Z0123456789ABCDEFGHIJ');
}
