/** Arithmetic of a network's address plan: which range each subnet gets. Pure, no constructs. */

export interface CidrPlanInput {
  /** The VPC's range, /16 to /28 as AWS allows. */
  readonly cidrBlock: string;
  readonly subnetPrefixLength: number;
  /** How many subnets of each kind. */
  readonly zones: number;
}

export interface CidrPlan {
  readonly public: readonly string[];
  readonly private: readonly string[];
}

/** Number of the first subnet of each kind. The gap between them is room for more zones. */
export const FIRST_PUBLIC = 1;
export const FIRST_PRIVATE = 10;

/** Everything that keeps the plan from working, in words; empty when there is a plan. */
export function cidrProblems({ cidrBlock, subnetPrefixLength, zones }: CidrPlanInput): string[] {
  const range = parseCidr(cidrBlock);
  if (range === undefined) return [`cidrBlock "${cidrBlock}" is not a range; allowed: IPv4 such as 10.0.0.0/16`];
  const problems: string[] = [];
  if (range.prefixLength < 16 || range.prefixLength > 28) {
    problems.push(`cidrBlock "${cidrBlock}" is /${range.prefixLength}; AWS allows /16 to /28`);
  }
  if (range.address % 2 ** (32 - range.prefixLength) !== 0) {
    const start = range.address - (range.address % 2 ** (32 - range.prefixLength));
    problems.push(
      `cidrBlock "${cidrBlock}" does not start at its own border; meant: ${format(start, range.prefixLength)}`,
    );
  }
  if (subnetPrefixLength < 16 || subnetPrefixLength > 28) {
    problems.push(`subnetPrefixLength is ${subnetPrefixLength}; AWS allows 16 to 28`);
    return problems;
  }
  const most = FIRST_PRIVATE - FIRST_PUBLIC;
  if (zones > most) problems.push(`availabilityZones has ${zones}; the address plan has room for ${most}`);
  const needed = FIRST_PRIVATE + Math.min(zones, most);
  const largest = subnetPrefixLength - Math.ceil(Math.log2(needed));
  if (range.prefixLength > largest) {
    problems.push(
      `cidrBlock "${cidrBlock}" is too small: subnets of /${subnetPrefixLength} up to number ${needed - 1} need at least /${largest}`,
    );
  }
  return problems;
}

/** The subnets' ranges. Call only when `cidrProblems` finds none. */
export function planCidrs(input: CidrPlanInput): CidrPlan {
  const problems = cidrProblems(input);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const range = parseCidr(input.cidrBlock);
  const start = range?.address ?? 0;
  const subnet = (number: number): string =>
    format(start + number * 2 ** (32 - input.subnetPrefixLength), input.subnetPrefixLength);
  const group = (first: number): string[] => Array.from({ length: input.zones }, (_, index) => subnet(first + index));
  return { public: group(FIRST_PUBLIC), private: group(FIRST_PRIVATE) };
}

export interface Range {
  /** First address as a number. */
  readonly address: number;
  readonly prefixLength: number;
}

export function parseCidr(text: string): Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefixLength = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((part) => part > 255) || prefixLength > 32) return undefined;
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, prefixLength };
}

function format(address: number, prefixLength: number): string {
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
  return `${parts.join('.')}/${prefixLength}`;
}
