/** What goes wrong in answers to callers. Messages reach them: no ARNs, no prompts, no secrets. */
import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

z.config(en());

export const fableErrorCodes = ['BAD_REQUEST', 'NOT_FOUND', 'CONFLICT', 'START_FAILED', 'BUSY', 'INTERNAL'] as const;
export type FableErrorCode = (typeof fableErrorCodes)[number];

/** One thing wrong with an input: where, and what. Values are not repeated. */
export interface Issue {
  /** `payload.request`; empty for the whole input. */
  readonly path: string;
  readonly message: string;
}

export class FableError extends Error {
  override readonly name: string = 'FableError';
  readonly code: FableErrorCode;
  readonly issues: readonly Issue[] | undefined;

  constructor(code: FableErrorCode, message: string, options: { cause?: unknown; issues?: readonly Issue[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.issues = options.issues;
  }
}

export const badRequest = (issues: readonly Issue[]) =>
  new FableError(
    'BAD_REQUEST',
    issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '),
    {
      issues,
    },
  );
export const buildNotFound = (buildId: string) => new FableError('NOT_FOUND', `there is no build ${buildId}`);

/** Tells every problem at once. @throws FableError `BAD_REQUEST` */
export function validated<Schema extends z.core.$ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = z.safeParse(schema, input);
  if (result.success) return result.data;
  throw badRequest(result.error.issues.flatMap(toIssues));
}

function toIssues(issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not known here' }));
  }
  return [{ path: path.join('.'), message: issue.message }];
}
