/**
 * What an environment is: its name, its target, the account behind it, and the settings that every system shares.
 * Parsing lists every problem at once; nothing here has a default that could stand for production.
 */
import { z } from 'zod';
import { accounts } from './accounts';

export const environmentNames = ['dev', 'staging', 'prod'] as const;
export type Environment = (typeof environmentNames)[number];

export const targetNames = ['local', 'aws'] as const;
export type Target = (typeof targetNames)[number];

/** Bad configuration: a mistake of the reader's, listed whole. Never shown with a stack trace. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(
    readonly subject: string,
    readonly problems: readonly string[],
    readonly remedy?: string,
  ) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const lines = [`${subject}: ${count}`, ...problems.map((problem) => `- ${problem}`)];
    super([...lines, ...(remedy === undefined ? [] : [remedy])].join('\n'));
  }
}

export function parseEnvironment(value: string): Environment {
  const found = environmentNames.find((name) => name === value);
  if (found !== undefined) return found;
  throw new ConfigurationError('environment', [`"${value}" is unknown; there is: ${environmentNames.join(', ')}`]);
}

export function parseTarget(value: string): Target {
  const found = targetNames.find((name) => name === value);
  if (found !== undefined) return found;
  throw new ConfigurationError('target', [`"${value}" is unknown; there is: ${targetNames.join(', ')}`]);
}

/** The 12-digit account of an environment. Fixed for the local cloud; for AWS it must have been entered. */
export function accountOf(target: Target, environment: Environment): string {
  const account = accounts[target][environment];
  if (account === undefined || !/^\d{12}$/.test(account)) {
    throw new ConfigurationError(
      'environments/accounts.ts',
      [`${target}.${environment} is ${account === undefined ? 'unset' : `"${account}"`}; allowed: 12 digits`],
      `Enter the number of the AWS account that holds ${environment} in environments/accounts.ts.`,
    );
  }
  return account;
}

/** Where every account keeps its states, wherever its systems are. */
export const stateRegion = 'us-east-1';

/** One bucket of states an account; `./sluice bootstrap` makes it. Bucket names are global, so it says whose. */
export function stateBucketName(account: string): string {
  return `sluice-state-${account}-${stateRegion}`;
}

/** Only where an environment locks its state with DynamoDB in place of the native lock file. */
export function stateLockTableName(account: string): string {
  return `sluice-state-lock-${account}-${stateRegion}`;
}

/** What every system says of every environment. A system's own schema extends this one. */
export const commonSettings = z.strictObject({
  /** First part of every name in AWS. */
  project: z.string().regex(/^[a-z][a-z0-9-]{1,18}[a-z0-9]$/, 'lower-case letters, digits and hyphens, 3 to 20'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as us-east-1'),
  stateBackend: z.strictObject({
    /** `native`: a lock file beside the state (OpenTofu and Terraform 1.10 or later). `dynamodb`: a lock table. */
    lock: z.enum(['native', 'dynamodb']),
  }),
  /** Refuses destroy, and plans that replace what holds data, unless told so by name. */
  protected: z.boolean(),
  /** Added to the tags that every resource carries. */
  tags: z.record(
    z.string().regex(/^(?!aws:)[A-Za-z0-9 _.:/=+@-]{1,128}$/, 'a tag key: 1 to 128 characters, not starting with aws:'),
    z.string().max(256, 'at most 256 characters'),
  ),
});

/** Retention periods that CloudWatch Logs accepts, in days. */
export const logRetentionDays = z.literal([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]);

export const bedrockModel = z
  .string()
  .regex(/^(arn:aws:bedrock:.+|[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9a-z]+)*)$/, 'a Bedrock model, inference profile or ARN');

/** CPU target tracking; the desired count is then where it starts from. */
export const autoscaling = z
  .strictObject({
    minCount: z.int().min(0).max(100),
    maxCount: z.int().min(1).max(100),
    cpuTargetPercent: z.int().min(10).max(90),
  })
  .optional();

type Autoscaling = z.output<typeof autoscaling>;

/** Stage throttling, requests a second and burst. @default - the account's limits */
export const throttling = z.strictObject({ rateLimit: z.number().positive(), burstLimit: z.int().min(1) }).optional();

export type AddProblem = (path: PropertyKey[], message: string) => void;

/** Each zone once, and in the region. */
export function checkZones(
  { region, availabilityZones }: { readonly region: string; readonly availabilityZones: readonly string[] },
  problem: AddProblem,
): void {
  availabilityZones.forEach((zone, index) => {
    if (!zone.startsWith(region) || !/^[a-z]$/.test(zone.slice(region.length))) {
      problem(['availabilityZones', index], `allowed: a zone of ${region}, such as ${region}a`);
    } else if (availabilityZones.indexOf(zone) !== index) {
      problem(['availabilityZones', index], 'allowed: each zone once');
    }
  });
}

/** The count lies within the bounds between which the autoscaler moves it. */
export function checkAutoscaling(
  { autoscaling, desiredCount }: { readonly autoscaling?: Autoscaling; readonly desiredCount: number },
  problem: AddProblem,
  countName = 'desiredCount',
): void {
  if (autoscaling === undefined) return;
  const { minCount, maxCount } = autoscaling;
  if (minCount > maxCount) problem(['autoscaling', 'minCount'], `allowed: at most maxCount, ${maxCount}`);
  else if (desiredCount < minCount || desiredCount > maxCount) {
    problem([countName], `allowed: from ${minCount} to ${maxCount}, as autoscaling says`);
  }
}

export type CommonSettings = z.infer<typeof commonSettings>;

/** Parses the settings of all environments of one system; a missing environment is a problem like any other. */
export function parseSettings<T extends z.ZodType>(
  system: string,
  settings: T,
  values: unknown,
  source = `environments/${system}.ts`,
): Readonly<Record<Environment, z.output<T>>> {
  const schema = z.strictObject(Object.fromEntries(environmentNames.map((name) => [name, settings])));
  const result = schema.safeParse(values);
  if (result.success) return result.data as unknown as Readonly<Record<Environment, z.output<T>>>;
  throw new ConfigurationError(
    source,
    result.error.issues.flatMap((issue) => describe(issue, values)),
  );
}

/** One line a problem: path, the value that was given, what is allowed. */
function describe(issue: z.core.$ZodIssue, root: unknown): string[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${[...issue.path, key].join('.')} is unknown; remove it or correct its name`);
  }
  const value = valueAt(root, issue.path);
  const given = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
  return [`${path} ${given}; ${issue.code === 'custom' ? issue.message : `allowed: ${allowedBy(issue)}`}`];
}

function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a value of type ${issue.expected}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit(issue.origin)}`;
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
}
