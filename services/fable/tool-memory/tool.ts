/** From a tool call to memories, and back to an answer that a model can read. */
import * as z from 'zod/mini';
import { ModelError, ThrottledError } from '../../common/bedrock/errors';
import { errorFields, type Logger } from '../../common/logger';
import { DatabaseUnavailableError } from '../common/database';
import type { Embed } from '../common/embeddings';
import { FableError, validated, type Issue } from '../common/errors';
import { orgIdSchema, userIdSchema } from '../common/ids';
import type { LambdaContext } from '../common/logging';
import { memoryScopes, memoryTypes, SEARCH_LIMIT, type Caller, type MemoryStore } from '../common/memories';

const TEXT_CHARACTERS = 8_000;

const text = (what: string, characters: number) =>
  z.string(`${what} is required`).check(
    z.refine((value) => value.trim() !== '', `${what} is empty`),
    // Postgres keeps no such text.
    z.refine((value) => !value.includes('\u0000'), `${what} holds a NUL character`),
    z.maxLength(characters, `${what} must be at most ${characters} characters`),
  );
const typeSchema = z.enum(memoryTypes, `type must be one of ${memoryTypes.join(', ')}`);
const memoryId = (what: string) =>
  z.pipe(
    z.guid(`${what} must be a UUID`),
    z.transform((id) => id.toLowerCase()),
  );

const context = z.strictObject({ userId: userIdSchema, orgId: orgIdSchema });
const callSchema = z.discriminatedUnion(
  'tool',
  [
    z.strictObject({
      tool: z.literal('memory_store'),
      arguments: z.strictObject({
        content: text('content', TEXT_CHARACTERS),
        type: z._default(typeSchema, 'fact'),
        scope: z._default(z.enum(memoryScopes, `scope must be one of ${memoryScopes.join(', ')}`), 'user'),
        importance: z.optional(
          z
            .number('importance must be a number')
            .check(z.minimum(0, 'importance is at least 0'), z.maximum(1, 'importance is at most 1')),
        ),
      }),
      context,
    }),
    z.strictObject({
      tool: z.literal('memory_search'),
      arguments: z.strictObject({
        query: text('query', TEXT_CHARACTERS),
        limit: z._default(
          z
            .int('limit must be a whole number')
            .check(z.minimum(1, 'limit is at least 1'), z.maximum(SEARCH_LIMIT, `limit is at most ${SEARCH_LIMIT}`)),
          10,
        ),
        types: z.optional(z.array(typeSchema).check(z.minLength(1, 'types is empty'))),
      }),
      context,
    }),
    z.strictObject({
      tool: z.literal('memory_relate'),
      arguments: z.strictObject({
        fromId: memoryId('fromId'),
        toId: memoryId('toId'),
        relationType: text('relationType', 50),
      }),
      context,
    }),
  ],
  'tool must be one of memory_store, memory_search, memory_relate',
);
type ToolCall = z.output<typeof callSchema>;

export interface ToolContext {
  readonly logger: Logger;
  readonly memories: Pick<MemoryStore, 'store' | 'search' | 'relate'>;
  readonly embed: Embed;
}

/** What every tool function returns. */
export type ToolAnswer =
  | { readonly ok: true; readonly result: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly error: { readonly code: string; readonly message: string; readonly issues?: readonly Issue[] };
    };

export function createHandler(options: ToolContext) {
  const { logger } = options;
  return async (event: unknown, { awsRequestId }: LambdaContext): Promise<ToolAnswer> => {
    const start = performance.now();
    const line = (more: object) => ({
      requestId: awsRequestId,
      durationMs: Math.round(performance.now() - start),
      ...more,
    });
    let tool: string | undefined;
    try {
      const call = validated(callSchema, event);
      ({ tool } = call);
      const result = await run(options, call);
      logger.info(line({ tool, outcome: 'ok' }), 'tool call');
      return { ok: true, result };
    } catch (error) {
      const { code, message, issues } = toFableError(error);
      const fields = line({ tool, outcome: code, ...errorFields(error, { stack: code === 'INTERNAL' }) });
      if (code === 'INTERNAL') logger.error(fields, 'tool call');
      else logger.info(fields, 'tool call');
      return { ok: false, error: { code, message, ...(issues && { issues }) } };
    }
  };
}

async function run({ memories, embed }: ToolContext, call: ToolCall): Promise<Readonly<Record<string, unknown>>> {
  const caller: Caller = call.context;
  switch (call.tool) {
    case 'memory_store': {
      const embedding = await embed(call.arguments.content);
      const { id } = await memories.store(caller, { ...call.arguments, embedding });
      return { id };
    }
    case 'memory_search': {
      const { query, limit, types } = call.arguments;
      return { memories: await memories.search(caller, { embedding: await embed(query), limit, types }) };
    }
    case 'memory_relate': {
      const { fromId, toId, relationType } = call.arguments;
      return { ...(await memories.relate(caller, fromId, toId, relationType)) };
    }
  }
}

/** What the caller is told; the log keeps the original. */
function toFableError(error: unknown): FableError {
  if (error instanceof FableError) return error;
  if (error instanceof ThrottledError) return new FableError('BUSY', error.message, { cause: error });
  if (error instanceof DatabaseUnavailableError) {
    return new FableError('BUSY', 'the memory is not reachable right now; try again shortly', { cause: error });
  }
  if (error instanceof ModelError) return new FableError('INTERNAL', error.message, { cause: error });
  return new FableError('INTERNAL', 'the memory failed unexpectedly', { cause: error });
}
