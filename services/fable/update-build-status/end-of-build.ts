/**
 * Writes how a build has ended, once, and tells the conversation that asked for it. Called by the two Mark states, and for
 * executions that ended without them, by their event.
 */
import * as z from 'zod/mini';
import { faultName } from '../../common/bedrock/faults';
import { errorFields, type Logger } from '../../common/logger';
import type { BuildStore, Outcome } from '../common/build-store';
import { CANCELLED, type BuildRecord, type BuildStatus } from '../common/builds';
import type { ConnectionStore } from '../common/connections';
import type { ConversationStore } from '../common/conversations';
import { buildNotFound, validated } from '../common/errors';
import { buildUpdate, jsonBytes } from '../common/frames';
import { buildIdSchema, orgIdSchema } from '../common/ids';
import { outputObjectKey } from '../common/keys';
import type { Pusher } from '../common/push';
import { failureOf } from './failure';

/** An item of DynamoDB ends at 400 KB; the rest is for the request, the specification and what else a record has. */
export const RESULT_BYTES = 300 * 1024;

const resultSchema = z.nullish(z.record(z.string(), z.unknown(), 'result must be an object'));
const endSchema = z.discriminatedUnion(
  'status',
  [
    z.object({
      orgId: orgIdSchema,
      buildId: buildIdSchema,
      status: z.literal('completed'),
      result: resultSchema,
    }),
    z.object({
      orgId: orgIdSchema,
      buildId: buildIdSchema,
      status: z.literal('failed'),
      error: z.optional(z.unknown()),
    }),
  ],
  'status must be completed or failed',
);

/** EventBridge, "Step Functions Execution Status Change". */
const eventSchema = z.object({
  source: z.literal('aws.states'),
  detail: z.object({
    status: z.enum(['TIMED_OUT', 'ABORTED', 'FAILED']),
    /** The execution's input as JSON text. */
    input: z.string(),
    error: z.nullish(z.string()),
    cause: z.nullish(z.string()),
  }),
});
const executionInputSchema = z.object({ orgId: orgIdSchema, buildId: buildIdSchema });

const endings = {
  TIMED_OUT: ['TimedOut', 'the pipeline did not end in its time'],
  ABORTED: ['Aborted', 'the execution of the pipeline was stopped'],
  FAILED: ['Failed', 'the pipeline failed'],
} as const;

export interface EndOfBuildOptions {
  readonly builds: Pick<BuildStore, 'get' | 'finish'>;
  readonly conversations: Pick<ConversationStore, 'get'>;
  readonly connections: Pick<ConnectionStore, 'get'>;
  readonly pusher: Pick<Pusher, 'send'>;
  readonly logger: Logger;
}

export interface EndOfBuild {
  readonly buildId: string;
  /** As it is now. */
  readonly status: BuildStatus;
  /** Whether this call wrote it; not, when the build had ended before. */
  readonly updated: boolean;
  /** Whether a connection was told. */
  readonly pushed: boolean;
}

interface End {
  readonly orgId: string;
  readonly buildId: string;
  readonly outcome: Outcome;
  readonly byEvent: boolean;
}

/** @throws FableError `BAD_REQUEST`, `NOT_FOUND` */
export async function endBuild(options: EndOfBuildOptions, event: unknown): Promise<EndOfBuild> {
  const end = readEnd(event);
  const { orgId, buildId } = end;
  const logger = options.logger.child({ buildId });
  const written = await finish(options, end);
  const record = written ?? (await options.builds.get(orgId, buildId));
  if (!record) throw buildNotFound(buildId);
  // Whoever cancels a build writes so at once; the news go out when its execution has stopped.
  const news = written !== undefined || (end.byEvent && record.error?.error === CANCELLED);
  const pushed = news && (await push(options, record, logger));
  const answer = { buildId, status: record.status, updated: written !== undefined, pushed };
  logger.info(answer, 'build ended');
  return answer;
}

function readEnd(event: unknown): End {
  if (typeof event === 'object' && event !== null && 'detail' in event) return endOfEvent(event);
  const input = validated(endSchema, event);
  const { orgId, buildId } = input;
  const outcome: Outcome =
    input.status === 'completed'
      ? { status: 'completed', result: storable(buildId, input.result ?? undefined) }
      : { status: 'failed', error: failureOf(input.error) };
  return { orgId, buildId, outcome, byEvent: false };
}

function endOfEvent(event: object): End {
  const { status, input, error, cause } = validated(eventSchema, event).detail;
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch {
    value = undefined;
  }
  const [name, text] = endings[status];
  const failure = failureOf({ error: error || name, cause: cause || text });
  return { ...validated(executionInputSchema, value), outcome: { status: 'failed', error: failure }, byEvent: true };
}

type Result = Readonly<Record<string, unknown>> | undefined;

const storable = (buildId: string, result: Result): Result =>
  result !== undefined && jsonBytes(result) > RESULT_BYTES ? reference(buildId, result) : result;

/** The result is phase OI's output, which is in S3 anyhow. */
const reference = (buildId: string, result: object) => ({
  outputKey: outputObjectKey(buildId, 'oi'),
  bytes: jsonBytes(result),
});

async function finish(
  { builds }: EndOfBuildOptions,
  { orgId, buildId, outcome }: End,
): Promise<BuildRecord | undefined> {
  try {
    return await builds.finish(orgId, buildId, outcome);
  } catch (error) {
    // DynamoDB counts otherwise than JSON does: many tiny values take more.
    const tooLarge = faultName(error) === 'ValidationException' && /item size/i.test((error as Error).message);
    if (!tooLarge || outcome.status !== 'completed' || outcome.result === undefined) throw error;
    return builds.finish(orgId, buildId, { status: 'completed', result: reference(buildId, outcome.result) });
  }
}

/** The build has ended, whoever hears of it. */
async function push(options: EndOfBuildOptions, record: BuildRecord, logger: Logger): Promise<boolean> {
  const { conversationId, buildId, userId, orgId, status, result } = record;
  if (conversationId === undefined) return false;
  try {
    const conversation = await options.conversations.get({ userId, orgId }, conversationId);
    if (conversation?.connectionId === undefined) return false;
    const connection = await options.connections.get(conversation.connectionId);
    // An id is never used again, but a row of others must not be told all the same.
    if (connection?.userId !== userId || connection.orgId !== orgId) return false;
    return await options.pusher.send(connection.connectionId, buildUpdate(buildId, status, result));
  } catch (error) {
    logger.warn(errorFields(error), 'the conversation could not be told');
    return false;
  }
}
