/** Arithmetic of a network's address plan: which range each subnet gets. Pure, no constructs. */

/** Kinds of subnets: with a route from and to the Internet, with a way out at most, and with no route at all. */
export const subnetTiers = ['public', 'private', 'isolated'] as const;
export type SubnetTier = (typeof subnetTiers)[number];

/** The tiers of a network that is not told. */
export const defaultTiers: readonly SubnetTier[] = ['public', 'private'];

/**
 * Where a tier's subnets lie. `spaced`: public ones from number 1, private ones from 10, isolated ones from 19, whatever
 * tiers there are, so that a zone or a tier can be added later. `packed`: one after the other from the start of the
 * range, in the order public, private, isolated; for few large subnets, and closed to further zones.
 */
export const subnetLayouts = ['spaced', 'packed'] as const;
export type SubnetLayout = (typeof subnetLayouts)[number];

export interface CidrPlanInput {
  /** The VPC's range, /16 to /28 as AWS allows. */
  readonly cidrBlock: string;
  readonly subnetPrefixLength: number;
  /** How many subnets of each tier. */
  readonly zones: number;
  /** @default - public and private */
  readonly tiers?: readonly SubnetTier[];
  /** @default 'spaced' */
  readonly layout?: SubnetLayout;
}

/** A tier that was not asked for has no subnets. */
export type CidrPlan = Readonly<Record<SubnetTier, readonly string[]>>;

/** Number of the first subnet of each tier in the spaced layout. */
const firstOf: Readonly<Record<SubnetTier, number>> = { public: 1, private: 10, isolated: 19 };
/** The gap between two tiers is room for more zones. */
const ROOM = firstOf.private - firstOf.public;

/** Number of a tier's first subnet, counted from the start of the range. */
function firstNumber(tier: SubnetTier, { zones, tiers = defaultTiers, layout = 'spaced' }: CidrPlanInput): number {
  if (layout === 'spaced') return firstOf[tier];
  return subnetTiers.filter((each) => tiers.includes(each)).indexOf(tier) * Math.min(zones, ROOM);
}

/** Everything that keeps the plan from working, in words; empty when there is a plan. */
export function cidrProblems(input: CidrPlanInput): string[] {
  const { cidrBlock, subnetPrefixLength, zones, tiers = defaultTiers } = input;
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
  if (zones > ROOM) problems.push(`availabilityZones has ${zones}; the address plan has room for ${ROOM}`);
  const needed = Math.max(...tiers.map((tier) => firstNumber(tier, input))) + Math.min(zones, ROOM);
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
  const { tiers = defaultTiers, zones } = input;
  const group = (tier: SubnetTier): string[] =>
    Array.from({ length: tiers.includes(tier) ? zones : 0 }, (_, index) => subnet(firstNumber(tier, input) + index));
  return { public: group('public'), private: group('private'), isolated: group('isolated') };
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
