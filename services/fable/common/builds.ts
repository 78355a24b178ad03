/** Build records and how kickoff is spoken to: what the functions of this system share of a build. */
import * as z from 'zod/mini';
import type { FableErrorCode, Issue } from './errors';
import { buildIdSchema, conversationIdSchema, orgIdSchema, userIdSchema } from './ids';

export const buildStatuses = ['pending', 'running', 'completed', 'failed'] as const;
export type BuildStatus = (typeof buildStatuses)[number];
/** From these a build may still go to another status. */
export const openStatuses = ['pending', 'running'] as const satisfies readonly BuildStatus[];

export type BuildSpec = Readonly<Record<string, unknown>>;

/** As Step Functions names failures: a short name, and a text that may be long. */
export interface BuildFailure {
  readonly error: string;
  readonly cause: string;
}

/** The name of the failure of a build that somebody did not want any more. */
export const CANCELLED = 'Cancelled';

export interface BuildRecord {
  readonly PK: string;
  readonly SK: string;
  readonly buildId: string;
  readonly request: string;
  readonly spec: BuildSpec;
  readonly status: BuildStatus;
  readonly userId: string;
  readonly orgId: string;
  readonly conversationId?: string;
  /** The output of phase OI, or `{outputKey, bytes, summary?}` where it is too large for a record. */
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: BuildFailure;
  readonly executionArn?: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What callers see of a record. */
export type Build = Omit<BuildRecord, 'PK' | 'SK'>;
/** In lists: without what may be large. */
export type BuildSummary = Omit<Build, 'spec' | 'result'>;

/** Together with a result of 300 KB these stay within an item of DynamoDB (400 KB). */
export const REQUEST_CHARACTERS = 8_000;
export const SPEC_BYTES = 64 * 1024;

const specSchema = z.record(z.string(), z.unknown(), 'spec must be an object').check(
  // Kickoff itself writes such a one where a specification lies in S3.
  z.refine((spec) => !('specKey' in spec), 'spec must not have a "specKey"'),
  z.refine(
    (spec) => Buffer.byteLength(JSON.stringify(spec)) <= SPEC_BYTES,
    `spec must be at most ${SPEC_BYTES} bytes of JSON`,
  ),
);

export const startSchema = z.strictObject({
  request: z.string('request is required').check(
    z.refine((text) => text.trim() !== '', 'request is empty'),
    z.maxLength(REQUEST_CHARACTERS, `request must be at most ${REQUEST_CHARACTERS} characters`),
  ),
  userId: userIdSchema,
  orgId: orgIdSchema,
  spec: z.optional(specSchema),
  conversationId: z.optional(conversationIdSchema),
  /** A start that is repeated with the same key within 24 hours returns the same build. */
  idempotencyKey: z.optional(
    z.string().check(z.regex(/^[A-Za-z0-9_.:-]{1,128}$/, 'idempotencyKey must be 1 to 128 of A-Z a-z 0-9 _ . : -')),
  ),
});

const oneBuildSchema = z.strictObject({ orgId: orgIdSchema, buildId: buildIdSchema });

export const LIST_LIMIT = 50;
const listSchema = z.strictObject({
  orgId: orgIdSchema,
  limit: z._default(z.int('limit must be a whole number').check(z.minimum(1), z.maximum(LIST_LIMIT)), 20),
});

export const kickoffSchema = z.discriminatedUnion(
  'action',
  [
    z.strictObject({ action: z.literal('start'), payload: startSchema }),
    z.strictObject({ action: z.literal('status'), payload: oneBuildSchema }),
    z.strictObject({ action: z.literal('cancel'), payload: oneBuildSchema }),
    z.strictObject({ action: z.literal('list'), payload: listSchema }),
  ],
  'action must be one of start, status, cancel, list',
);
/** What callers of kickoff send. */
export type KickoffRequest = z.input<typeof kickoffSchema>;
export type StartPayload = z.output<typeof startSchema>;

export interface KickoffRefusal {
  readonly ok: false;
  readonly error: {
    readonly code: FableErrorCode;
    readonly message: string;
    readonly issues?: readonly Issue[];
  };
  /** Of a build whose start failed: its record tells of it. */
  readonly buildId?: string;
}

export interface Started {
  readonly ok: true;
  readonly buildId: string;
  /** Missing only where a repeated start returns a build that never got as far. */
  readonly executionArn?: string;
  readonly status: BuildStatus;
}

/** What kickoff returns, by action. */
export interface KickoffAnswers {
  readonly start: Started;
  readonly status: { readonly ok: true; readonly build: Build };
  readonly cancel: { readonly ok: true; readonly buildId: string; readonly status: BuildStatus };
  readonly list: { readonly ok: true; readonly builds: readonly BuildSummary[] };
}
export type KickoffAnswer = KickoffAnswers[keyof KickoffAnswers] | KickoffRefusal;
