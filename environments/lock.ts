/**
 * The lock of image digests: which image bytes each service of a system runs in one environment. Schema, path and
 * parser only, so that both the stacks (the gate) and the commands read it in one way; writing is `scripts/images/lock.ts`.
 */
import { join } from 'node:path';
import { z } from 'zod';

const lockEnvironments = ['dev', 'staging', 'prod'] as const;

const serviceLockSchema = z.strictObject({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal digits'),
  contentHash: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  commit: z
    .string()
    .regex(/^([0-9a-f]{40}(-dirty)?|unknown)$/, 'must be a git commit of 40 digits, the same with -dirty, or unknown'),
  builtAt: z.iso.datetime({
    error: ({ input }) => (input === undefined ? undefined : 'must be a UTC time such as 2026-01-31T12:00:00.000Z'),
  }),
});

export const imagesLockSchema = z.strictObject({
  system: z.string().min(1),
  environment: z.enum(lockEnvironments),
  services: z.record(z.string(), serviceLockSchema),
});

export type ImagesLock = z.infer<typeof imagesLockSchema>;
export type ServiceLock = z.infer<typeof serviceLockSchema>;

export interface LockPlace {
  readonly target: 'local' | 'aws';
  readonly system: string;
  readonly environment: string;
  /** Folder of the rehearsal's state (`SLUICE_HOME`, else `<root>/.sluice`). */
  readonly home: string;
  /** Root of the repository. */
  readonly root: string;
}

/** Where an environment's lock lives: in git for AWS, beside the rehearsal's other state for the local cloud. */
export function lockPath({ target, system, environment, home, root }: LockPlace): string {
  const file = `${environment}.images.json`;
  return target === 'aws' ? join(root, 'environments', system, file) : join(home, 'locks', system, file);
}

export interface LockExpectation {
  /** Path of the file, for messages. */
  readonly path: string;
  readonly system: string;
  readonly environment: string;
  /** All services of the system that ship as an image. */
  readonly services: readonly string[];
  /**
   * Every service must be there. A lock that lacks some is otherwise a normal state: the gate waits for the rest.
   * @default false
   */
  readonly complete?: boolean;
}

/** Everything that is wrong with one lock file, and what to do. */
export class ImagesLockError extends Error {
  override readonly name = 'ImagesLockError';
  readonly summary: string;

  constructor(
    readonly path: string,
    readonly problems: readonly string[],
    readonly remedy: string,
  ) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const summary = [`${path}: ${count}`, ...problems.map((problem) => `- ${problem}`)].join('\n');
    super(`${summary}\n${remedy}`);
    this.summary = summary;
  }
}

/** Services of the system that the lock does not name. */
export function missingServices(lock: ImagesLock | undefined, services: readonly string[]): string[] {
  return services.filter((service) => lock?.services[service] === undefined).sort();
}

/** Reads a lock's text. Throws one `ImagesLockError` that lists every problem. */
export function parseLock(text: string, expected: LockExpectation): ImagesLock {
  const { path, system, environment, services } = expected;
  const remedy =
    `Restore the file (git checkout -- <file>, or the history beside a rehearsal's lock), or delete it and run: ` +
    `./sluice images push ${system} ${environment}`;

  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ImagesLockError(path, [syntaxProblem(text, error)], remedy);
  }

  const parsed = imagesLockSchema.safeParse(value, { error: describeIssue });
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(
        (issue) => `${issue.path.length > 0 ? issue.path.join('.') : 'the file'} ${issue.message}`,
      );
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof given['system'] === 'string' && given['system'] !== '' && given['system'] !== system) {
    problems.push(`system is "${given['system']}"; this file belongs to system "${system}"`);
  }
  if (lockEnvironments.includes(given['environment'] as never) && given['environment'] !== environment) {
    problems.push(
      `environment is "${String(given['environment'])}"; this file belongs to environment "${environment}"`,
    );
  }
  if (typeof given['services'] === 'object' && given['services'] !== null) {
    const named = Object.keys(given['services']);
    for (const name of named.filter((name) => !services.includes(name)).sort()) {
      problems.push(`services.${name} is unknown; ${system} has ${listOf(services)}`);
    }
    for (const name of services.filter((name) => !named.includes(name)).sort()) {
      if (expected.complete) problems.push(`services.${name} is missing`);
    }
  }
  if (!parsed.success || problems.length > 0) throw new ImagesLockError(path, problems, remedy);
  return parsed.data;
}

function syntaxProblem(text: string, error: unknown): string {
  if (text.trim() === '') return 'the file is empty';
  if (/^(<{7}|={7}|>{7})/m.test(text)) return 'the file holds the marks of an unresolved merge';
  const detail = error instanceof Error ? error.message : String(error);
  const position = Number(/position (\d+)/.exec(detail)?.[1] ?? Number.NaN);
  if (/end of JSON|Unterminated/i.test(detail) || position >= text.trimEnd().length) {
    return `the file is truncated: its JSON breaks off after ${text.length} characters`;
  }
  return `the file is not JSON: ${detail}`;
}

/** Wording for what zod finds, without its own default sentences. */
function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  const given = issue.input === undefined ? undefined : JSON.stringify(issue.input);
  switch (issue.code) {
    case 'invalid_type':
      return given === undefined ? `is missing (${issue.expected})` : `is ${given}; must be of type ${issue.expected}`;
    case 'invalid_value':
      return given === undefined
        ? `is missing (one of ${issue.values.map(String).join(', ')})`
        : `is ${given}; must be one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `has unknown ${issue.keys.length === 1 ? 'key' : 'keys'} ${issue.keys.join(', ')}`;
    case 'too_small':
      return 'is empty';
    default:
      return undefined;
  }
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'no services with an image' : names.map((name) => `"${name}"`).join(', ');
}
