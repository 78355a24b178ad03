/** Checks of a construct's props: a table of rules whose broken ones are reported together, with the construct's path. */
import { Token } from 'cdktf';
import type { Construct } from 'constructs';

/** Undefined when the rule holds, else what was given and what is allowed. */
export type Rule = string | undefined;

/** Props that cannot become a resource: the caller's mistake, not a bug of the module's. */
export class PropsError extends Error {
  override readonly name = 'PropsError';

  constructor(
    readonly subject: string,
    readonly problems: readonly string[],
  ) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super([`${subject}: ${count}`, ...problems.map((problem) => `- ${problem}`)].join('\n'));
  }
}

/** Throws one error for all broken rules. `kind` is the module's name, such as `networking.Vpc`. */
export function check(construct: Construct, kind: string, rules: readonly Rule[]): void {
  const problems = rules.filter((rule) => rule !== undefined);
  if (problems.length > 0) throw new PropsError(`${kind} at ${construct.node.path}`, problems);
}

export function inRange(prop: string, value: number | undefined, minimum: number, maximum: number, unit = ''): Rule {
  if (value === undefined || Token.isUnresolved(value)) return undefined;
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return undefined;
  return `${prop} is ${value}; allowed: a whole number from ${minimum} to ${maximum}${unit === '' ? '' : ` ${unit}`}`;
}

export function oneOf<T extends string | number>(prop: string, value: T | undefined, allowed: readonly T[]): Rule {
  if (value === undefined || Token.isUnresolved(value) || allowed.includes(value)) return undefined;
  return `${prop} is ${JSON.stringify(value)}; allowed: ${allowed.join(', ')}`;
}

export function matches(prop: string, value: string | undefined, pattern: RegExp, allowed: string): Rule {
  if (value === undefined || Token.isUnresolved(value) || pattern.test(value)) return undefined;
  return `${prop} is ${JSON.stringify(value)}; allowed: ${allowed}`;
}

export function unless(broken: boolean, problem: string): Rule {
  return broken ? problem : undefined;
}
