/** Limits of requests over all callers, and the rules that they must keep. */
import { inRange, unless, type Rule } from '../checks/checks';

export interface Throttling {
  /** Requests a second in the long run. */
  readonly rateLimit: number;
  /** Requests at a time. */
  readonly burstLimit: number;
}

export function throttlingRules(prop: string, throttling: Throttling | undefined): Rule[] {
  return [
    unless(
      throttling !== undefined && throttling.rateLimit <= 0,
      `${prop}.rateLimit is ${throttling?.rateLimit}; allowed: more than 0`,
    ),
    inRange(`${prop}.burstLimit`, throttling?.burstLimit, 1, 2147483647, 'requests'),
  ];
}
