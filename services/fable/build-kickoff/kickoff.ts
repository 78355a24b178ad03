/** Starts, tells of, lists and cancels builds. */
import { createHash } from 'node:crypto';
import { errorFields, type Logger } from '../../common/logger';
import { isOpen, type BuildStore } from '../common/build-store';
import {
  CANCELLED,
  kickoffSchema,
  type Build,
  type BuildFailure,
  type BuildRecord,
  type KickoffAnswer,
  type KickoffAnswers,
  type KickoffRefusal,
  type StartPayload,
} from '../common/builds';
import { buildNotFound, FableError, validated } from '../common/errors';
import { uuidV7 } from '../common/ids';
import { buildKey } from '../common/keys';
import type { Pipeline } from './pipeline';

const cancelled: BuildFailure = { error: CANCELLED, cause: 'the build was cancelled on request' };

export interface KickoffOptions {
  readonly store: BuildStore;
  readonly pipeline: Pipeline;
  readonly logger: Logger;
}

interface OneBuild {
  readonly orgId: string;
  readonly buildId: string;
}

export class Kickoff {
  readonly #store: BuildStore;
  readonly #pipeline: Pipeline;
  readonly #logger: Logger;

  constructor({ store, pipeline, logger }: KickoffOptions) {
    this.#store = store;
    this.#pipeline = pipeline;
    this.#logger = logger;
  }

  /** Refuses what callers can mend; faults of our own are thrown, so that they count as errors of the function. */
  async handle(event: unknown): Promise<KickoffAnswer> {
    try {
      const input = validated(kickoffSchema, event);
      switch (input.action) {
        case 'start':
          return await this.#start(input.payload);
        case 'status':
          return { ok: true, build: withoutKey(await this.#get(input.payload)) };
        case 'cancel':
          return await this.#cancel(input.payload);
        case 'list':
          return { ok: true, builds: await this.#store.list(input.payload.orgId, input.payload.limit) };
      }
    } catch (error) {
      if (!(error instanceof FableError)) throw error;
      const { code, message, issues } = error;
      this.#logger.info({ code, issues }, 'refused');
      return { ok: false, error: { code, message, ...(issues && { issues }) } };
    }
  }

  async #start({ idempotencyKey, ...payload }: StartPayload): Promise<KickoffAnswers['start'] | KickoffRefusal> {
    const created = await this.#store.create(
      newRecord(payload, this.#store.now()),
      idempotencyKey === undefined ? undefined : { key: idempotencyKey, fingerprint: fingerprint(payload) },
    );
    const { orgId, buildId } = created;
    const logger = this.#logger.child({ buildId });
    if (created.status !== 'pending') {
      logger.info({ status: created.status }, 'started before');
      return started(created);
    }
    // One that is pending from before was given up half-way, or is being started at this moment: both may go on.
    let executionArn: string;
    try {
      executionArn = await this.#pipeline.start(created);
    } catch (error) {
      logger.error(errorFields(error), 'start failed');
      await this.#store.finish(orgId, buildId, { status: 'failed', error: failureOf(error) });
      return { ok: false, buildId, error: { code: 'START_FAILED', message: 'the build could not be started' } };
    }
    const running = await this.#store.markRunning(created, executionArn);
    // Cancelled before there was anything to stop.
    if (running.error?.error === CANCELLED) await this.#pipeline.stop(buildId, cancelled);
    logger.info({ status: running.status }, 'started');
    return started(running);
  }

  async #cancel({ orgId, buildId }: OneBuild): Promise<KickoffAnswers['cancel']> {
    const { status } = await this.#get({ orgId, buildId });
    if (!isOpen(status)) return { ok: true, buildId, status };
    await this.#pipeline.stop(buildId, cancelled);
    await this.#store.finish(orgId, buildId, { status: 'failed', error: cancelled });
    const now = await this.#get({ orgId, buildId });
    this.#logger.info({ buildId, status: now.status }, 'cancelled');
    return { ok: true, buildId, status: now.status };
  }

  async #get({ orgId, buildId }: OneBuild): Promise<BuildRecord> {
    const record = await this.#store.get(orgId, buildId);
    if (!record) throw buildNotFound(buildId);
    return record;
  }
}

function newRecord(payload: Omit<StartPayload, 'idempotencyKey'>, now: Date): BuildRecord {
  const { request, userId, orgId, conversationId, spec = { goal: request, kind: 'mcp-tool' } } = payload;
  const buildId = uuidV7(now);
  const at = now.toISOString();
  return {
    ...buildKey(orgId, buildId),
    buildId,
    request,
    spec,
    status: 'pending',
    userId,
    orgId,
    ...(conversationId !== undefined && { conversationId }),
    createdAt: at,
    updatedAt: at,
  };
}

const started = ({ buildId, executionArn, status }: BuildRecord): KickoffAnswers['start'] => ({
  ok: true,
  buildId,
  ...(executionArn !== undefined && { executionArn }),
  status,
});

const withoutKey = ({ PK: _PK, SK: _SK, ...build }: BuildRecord): Build => build;

/** The same for the same request, in whatever order its fields come. */
const fingerprint = (payload: object): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(payload)))
    .digest('hex');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, one]) => [key, sorted(one)]);
}

const failureOf = (error: unknown): BuildFailure => ({
  error: error instanceof Error ? error.name : 'Error',
  cause: (error instanceof Error ? error.message : String(error)).slice(0, 1_000),
});
