/** Memories in Postgres: stored with their embedding, found by nearness, related to each other; each caller sees own ones only. */
import type { Database, Query } from './database';
import { DIMENSIONS } from './embeddings';
import { FableError } from './errors';
import { uuidV7 } from './ids';
import { toUuid } from './uuid-v5';

export const memoryTypes = ['fact', 'preference', 'decision', 'pattern', 'artifact'] as const;
export type MemoryType = (typeof memoryTypes)[number];
/** Who sees a memory: its user within the organisation, the organisation, everybody. */
export const memoryScopes = ['user', 'org', 'global'] as const;
export type MemoryScope = (typeof memoryScopes)[number];
export const SEARCH_LIMIT = 50;

/** As claimed by the caller. */
export interface Caller {
  readonly userId: string;
  readonly orgId: string;
}

export interface NewMemory {
  /** @default - a new one. One that is there already is left as it is. */
  readonly id?: string;
  readonly type: MemoryType;
  readonly content: string;
  readonly scope: MemoryScope;
  /** 0 to 1, kept to two places. @default - none */
  readonly importance?: number;
  readonly embedding: readonly number[];
}

export interface Memory {
  readonly id: string;
  readonly type: MemoryType;
  readonly content: string;
  readonly scope: MemoryScope;
  readonly importance: number | null;
  readonly createdAt: string;
}

export interface FoundMemory extends Memory {
  /** Cosine distance, 0 (same) to 2. */
  readonly distance: number;
}

export interface SearchOptions {
  readonly embedding: readonly number[];
  /** 1 to 50. */
  readonly limit: number;
  /** @default - every type */
  readonly types?: readonly MemoryType[];
}

/** So many candidates the index looks at before scopes are applied. */
const CANDIDATES = 200;

interface Row {
  readonly id: string;
  readonly type: MemoryType;
  readonly content: string;
  readonly scope: MemoryScope;
  readonly importance: string | null;
  readonly created_at: Date;
}

/** $1 is the user, $2 the organisation. */
const VISIBLE = `((scope = 'user' AND user_id = $1 AND org_id = $2) OR (scope = 'org' AND org_id = $2) OR scope = 'global')`;

export class MemoryStore {
  readonly #database: Pick<Database, 'transaction'>;

  constructor(database: Pick<Database, 'transaction'>) {
    this.#database = database;
  }

  store(caller: Caller, memory: NewMemory): Promise<{ id: string; created: boolean }> {
    const id = memory.id ?? uuidV7();
    const vector = toVector(memory.embedding);
    return this.#database.transaction(async (query) => {
      const { userId, orgId } = await ensureCaller(query, caller);
      const { rowCount } = await query(
        `INSERT INTO memories (id, type, content, embedding, user_id, org_id, scope, importance)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`,
        [id, memory.type, memory.content, vector, userId, orgId, memory.scope, memory.importance ?? null],
      );
      return { id, created: rowCount === 1 };
    });
  }

  /** Nearest first. */
  search(caller: Caller, { embedding, limit, types }: SearchOptions): Promise<FoundMemory[]> {
    const parameters = [toUuid(caller.userId), toUuid(caller.orgId), toVector(embedding), limit, types ?? null];
    return this.#database.transaction(async (query) => {
      const nearest = () =>
        query<Row & { distance: number }>(
          `SELECT id, type, content, scope, importance, created_at, embedding <=> $3::vector AS distance
           FROM memories
           WHERE embedding IS NOT NULL AND ${VISIBLE} AND ($5::text[] IS NULL OR type::text = ANY ($5::text[]))
           ORDER BY embedding <=> $3::vector
           LIMIT $4`,
          parameters,
        );
      await query(`SET LOCAL hnsw.ef_search = ${CANDIDATES}`);
      let { rows } = await nearest();
      if (rows.length < limit) {
        // The nearest of all may be other people's: what is left of them is too little, or there is no more. Look at every row.
        await query('SET LOCAL enable_indexscan = off');
        await query('SET LOCAL enable_seqscan = on');
        ({ rows } = await nearest());
      }
      return rows.map(({ distance, ...row }) => ({ ...toMemory(row), distance }));
    });
  }

  /** @throws FableError `NOT_FOUND` when the caller sees no such memory. A relation that is there already is left as it is. */
  relate(caller: Caller, fromId: string, toId: string, relationType: string): Promise<{ created: boolean }> {
    return this.#database.transaction(async (query) => {
      const { rows } = await query<{ id: string }>(
        `SELECT id FROM memories WHERE id = ANY ($3::uuid[]) AND ${VISIBLE} FOR KEY SHARE`,
        [toUuid(caller.userId), toUuid(caller.orgId), [fromId, toId]],
      );
      for (const id of [fromId, toId]) {
        if (!rows.some((row) => row.id === id.toLowerCase())) {
          throw new FableError('NOT_FOUND', `there is no memory ${id}`);
        }
      }
      const { rowCount } = await query(
        `INSERT INTO memory_relations (from_memory_id, to_memory_id, relation_type)
         VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
        [fromId, toId, relationType],
      );
      return { created: rowCount === 1 };
    });
  }
}

/** The caller's rows, made when they are missing; a user stays with the organisation that came first. */
async function ensureCaller(query: Query, caller: Caller): Promise<Caller> {
  const ids = { userId: toUuid(caller.userId), orgId: toUuid(caller.orgId) };
  await query('INSERT INTO orgs (id, external_id, name) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING', [
    ids.orgId,
    caller.orgId,
  ]);
  await query('INSERT INTO users (id, external_id, name, org_id) VALUES ($1, $2, $2, $3) ON CONFLICT DO NOTHING', [
    ids.userId,
    caller.userId,
    ids.orgId,
  ]);
  return ids;
}

const toMemory = ({ id, type, content, scope, importance, created_at }: Row): Memory => ({
  id,
  type,
  content,
  scope,
  importance: importance === null ? null : Number(importance),
  createdAt: created_at.toISOString(),
});

/** pgvector's text form. */
function toVector(embedding: readonly number[]): string {
  if (embedding.length !== DIMENSIONS || !embedding.every(Number.isFinite)) {
    throw new Error(`an embedding has ${DIMENSIONS} finite numbers, not ${embedding.length}`);
  }
  return `[${embedding.join(',')}]`;
}
