/** FABLE's schema and memories on a real Postgres with real pgvector: no cloud around it. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { places } from '../scripts/local/places';
import { Postgres } from '../scripts/local/postgres';
import type { Database as Address } from '../scripts/local/wire';
import { createLogger } from '../services/common/logger';
import { Database, DatabaseUnavailableError, type Query } from '../services/fable/common/database';
import { DIMENSIONS } from '../services/fable/common/embeddings';
import { MemoryStore, type NewMemory } from '../services/fable/common/memories';
import { toUuid } from '../services/fable/common/uuid-v5';
import { createHandler as createInit } from '../services/fable/db-init/handler';
import { migrate } from '../services/fable/db-init/migrate';
import { migrations } from '../services/fable/db-init/migrations';
import { createHandler as createTool } from '../services/fable/tool-memory/tool';

const home = mkdtempSync(join(tmpdir(), 'sluice-fable-database-'));
process.env['SLUICE_HOME'] = home;
process.env['SLUICE_PORT'] = '4890';

const server = new Postgres(places(), () => undefined);
const logger = createLogger({ service: 'test', version: 'test', level: 'silent' });
const lambda = { awsRequestId: 'request' };
const names = migrations.map(({ name }) => name);
const open: Database[] = [];
let address: Address;
let count = 0;

beforeAll(async () => {
  address = await server.database('dev');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((database) => database.close()));
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

/** An empty database, without the extension. */
async function empty(): Promise<Address> {
  const client = new pg.Client({ ...address });
  await client.connect();
  const database = `test_${(count += 1)}`;
  await client.query(`CREATE DATABASE ${database}`);
  await client.end();
  return { ...address, database };
}

function connect({ user, password, ...rest }: Address, secretText?: () => string): Database {
  const text = secretText ?? (() => JSON.stringify({ username: user, password, host: 'ignored' }));
  let value: string | undefined;
  const secret = {
    get: async () => (value ??= text()),
    forget: () => {
      value = undefined;
    },
  };
  const database = new Database({ ...rest, secret, sslMode: 'disable', patienceMilliseconds: 1_500 });
  open.push(database);
  return database;
}

const initialised = async () => {
  const database = connect(await empty());
  await createInit({ logger, database })({}, lambda);
  return database;
};

const rowsOf = <Row extends pg.QueryResultRow>(database: Database, sql: string, parameters: unknown[] = []) =>
  database.session(async (query: Query) => (await query<Row>(sql, parameters)).rows);

/** A direction in the plane of the first two axes: near angles are near vectors. */
const at = (degrees: number): number[] => {
  const vector = Array<number>(DIMENSIONS).fill(0);
  vector[0] = Math.cos((degrees * Math.PI) / 180);
  vector[1] = Math.sin((degrees * Math.PI) / 180);
  return vector;
};
const memory = (content: string, degrees: number, more: Partial<NewMemory> = {}): NewMemory => ({
  type: 'fact',
  scope: 'user',
  content,
  embedding: at(degrees),
  ...more,
});
const me = { userId: 'me', orgId: 'ours' };

describe('db-init', () => {
  test('makes extension, enums, tables and indexes; a second run changes nothing', async () => {
    const database = connect(await empty());
    const init = createInit({ logger, database });
    const first = await init({}, lambda);
    expect(first).toEqual({ applied: names, version: 4, pgvector: expect.stringMatching(/^0\.\d+\.\d+$/) });
    const moment = await rowsOf(database, 'SELECT * FROM schema_migrations ORDER BY version');
    expect(await init({}, lambda)).toEqual({ ...first, applied: [] });
    expect(await rowsOf(database, 'SELECT * FROM schema_migrations ORDER BY version')).toEqual(moment);

    const columns = await rowsOf<{ column: string }>(
      database,
      `SELECT table_name || '.' || column_name || ' ' || format_type(a.atttypid, a.atttypmod) AS column
       FROM information_schema.columns c JOIN pg_attribute a
         ON a.attrelid = c.table_name::regclass AND a.attname = c.column_name
       WHERE table_schema = 'public' AND table_name LIKE 'memor%' ORDER BY table_name, ordinal_position`,
    );
    expect(columns.map(({ column }) => column)).toEqual([
      'memories.id uuid',
      'memories.type memory_type',
      'memories.content text',
      'memories.embedding vector(1536)',
      'memories.user_id uuid',
      'memories.org_id uuid',
      'memories.scope memory_scope',
      'memories.importance numeric(3,2)',
      'memories.created_at timestamp with time zone',
      'memory_relations.from_memory_id uuid',
      'memory_relations.to_memory_id uuid',
      'memory_relations.relation_type character varying(50)',
    ]);
    const [enums] = await rowsOf(
      database,
      'SELECT enum_range(NULL::memory_type)::text AS types, enum_range(NULL::memory_scope)::text AS scopes',
    );
    expect(enums).toEqual({ types: '{fact,preference,decision,pattern,artifact}', scopes: '{user,org,global}' });
    const indexes = await rowsOf<{ indexdef: string }>(database, 'SELECT indexdef FROM pg_indexes');
    expect(indexes.map(({ indexdef }) => indexdef).join('\n')).toContain('USING hnsw (embedding vector_cosine_ops)');
  });

  test('a dry run tells what is to come and leaves no trace', async () => {
    const database = connect(await empty());
    const init = createInit({ logger, database });
    expect(await init({ dryRun: true }, lambda)).toEqual({ applied: [], version: 0, pgvector: null, pending: names });
    expect(await rowsOf(database, `SELECT relname FROM pg_class WHERE relname = 'schema_migrations'`)).toEqual([]);
    await init({}, lambda);
    expect(await init({ dryRun: true }, lambda)).toMatchObject({ applied: [], version: 4, pending: [] });
  });

  test('two at once: one applies all, the other nothing', async () => {
    const where = await empty();
    const runs = await Promise.all(
      [connect(where), connect(where), connect(where)].map((database) => createInit({ logger, database })({}, lambda)),
    );
    expect(runs.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 4]);
    expect(runs.map(({ version }) => version)).toEqual([4, 4, 4]);
  });

  test('a migration that fails leaves nothing of itself, keeps the ones before, and holds no lock', async () => {
    const database = connect(await empty());
    const broken = { version: 2, name: 'broken', statements: ['CREATE TABLE half (id INT)', 'SELECT 1/0'] };
    const run = (second: object) => migrate(database, [migrations[0]!, { ...broken, ...second }], { dryRun: false });
    await expect(run({})).rejects.toThrow('migration 2 (broken) failed: division by zero');
    expect(await rowsOf(database, `SELECT relname FROM pg_class WHERE relname = 'half'`)).toEqual([]);
    const other = connect(open.length ? { ...address, database: `test_${count}` } : address);
    const mended = [migrations[0]!, { ...broken, statements: ['CREATE TABLE half (id INT)'] }];
    expect(await migrate(other, mended, { dryRun: false })).toMatchObject({ applied: ['broken'], version: 2 });
    await expect(migrate(other, [migrations[0]!], { dryRun: false })).rejects.toThrow(
      'the database has schema version 2; this release knows 1 at most',
    );
    await expect(migrate(other, [{ ...broken, version: 3 }], { dryRun: false })).rejects.toThrow(
      'migration broken has number 3, not 1',
    );
  });

  test('input that is not known is refused', async () => {
    const init = createInit({ logger, database: connect(await empty()) });
    await expect(init({ dryrun: true }, lambda)).rejects.toThrow('dryrun: is not known here');
    await expect(init({ dryRun: 'yes' }, lambda)).rejects.toThrow('dryRun: dryRun must be true or false');
  });
});

describe('memories', () => {
  test('are found nearest first, and 1535 numbers are refused', async () => {
    const database = await initialised();
    const store = new MemoryStore(database);
    for (const degrees of [80, 10, 40, 170, 0]) await store.store(me, memory(`${degrees}`, degrees));
    const found = await store.search(me, { embedding: at(1), limit: 4 });
    expect(found.map(({ content }) => content)).toEqual(['0', '10', '40', '80']);
    expect(found[1]!.distance).toBeCloseTo(1 - Math.cos((9 * Math.PI) / 180), 5);
    expect(() => store.store(me, { ...memory('x', 0), embedding: at(0).slice(1) })).toThrow(
      'an embedding has 1536 finite numbers, not 1535',
    );
    await expect(
      rowsOf(
        database,
        `INSERT INTO memories (id, type, content, scope, embedding) VALUES ($1, 'fact', 'x', 'user', $2)`,
        [randomUUID(), `[${at(0).slice(1).join(',')}]`],
      ),
    ).rejects.toThrow(/expected 1536 dimensions, not 1535/);
  });

  test('are seen by their user, their organisation or everybody, as their scope says', async () => {
    const store = new MemoryStore(await initialised());
    await store.store(me, memory('mine', 0));
    await store.store(me, memory('ours', 1, { scope: 'org' }));
    await store.store(me, memory('for all', 2, { scope: 'global' }));
    const seenBy = async (userId: string, orgId: string) =>
      (await store.search({ userId, orgId }, { embedding: at(0), limit: 50 })).map(({ content }) => content);
    expect(await seenBy('me', 'ours')).toEqual(['mine', 'ours', 'for all']);
    expect(await seenBy('you', 'ours')).toEqual(['ours', 'for all']);
    expect(await seenBy('me', 'theirs')).toEqual(['for all']);
    expect(await seenBy(toUuid('me').toUpperCase(), toUuid('ours'))).toEqual(['mine', 'ours', 'for all']);
  });

  test("are all found among many nearer ones of other organisations, through the index's blind spot", async () => {
    const database = await initialised();
    const store = new MemoryStore(database);
    await store.store(me, memory('far away', 120));
    await rowsOf(
      database,
      `INSERT INTO memories (id, type, content, scope, user_id, org_id, embedding)
       SELECT gen_random_uuid(), 'fact', 'theirs', 'org', $1, $1,
         ('[' || cos(n / 1000.0) || ',' || sin(n / 1000.0) || repeat(',0', 1534) || ']')::vector
       FROM generate_series(1, 600) n`,
      [toUuid('theirs')],
    );
    // So few rows are read faster without the index; here it is used all the same.
    await rowsOf(database, `ALTER DATABASE test_${count} SET enable_seqscan = off`);
    const indexed = new MemoryStore(connect({ ...address, database: `test_${count}` }));
    const found = await indexed.search(me, { embedding: at(0), limit: 5 });
    expect(found.map(({ content }) => content)).toEqual(['far away']);
    const theirs = await indexed.search({ userId: 'x', orgId: 'theirs' }, { embedding: at(0), limit: 50 });
    expect(theirs).toHaveLength(50);
  });

  test('keep what free ids were; the same id again is left as it is', async () => {
    const database = await initialised();
    const store = new MemoryStore(database);
    const id = randomUUID();
    expect(await store.store(me, memory('first', 0, { id, importance: 0.75 }))).toEqual({ id, created: true });
    expect(await store.store(me, memory('second', 0, { id }))).toEqual({ id, created: false });
    expect(await store.search(me, { embedding: at(0), limit: 5 })).toMatchObject([
      { content: 'first', importance: 0.75 },
    ]);
    expect(await rowsOf(database, 'SELECT id, external_id FROM orgs')).toEqual([
      { id: toUuid('ours'), external_id: 'ours' },
    ]);
    expect(await rowsOf(database, 'SELECT id, external_id, org_id FROM users')).toEqual([
      { id: toUuid('me'), external_id: 'me', org_id: toUuid('ours') },
    ]);
    await expect(store.store(me, memory('x', 0, { importance: 1.1 }))).rejects.toThrow(/memories_importance_check/);
  });

  test('are related once per pair and type, and only where both are seen', async () => {
    const database = await initialised();
    const store = new MemoryStore(database);
    const [a, b, hidden] = await Promise.all([
      store.store(me, memory('a', 0)),
      store.store(me, memory('b', 0)),
      store.store({ userId: 'you', orgId: 'theirs' }, memory('c', 0)),
    ]);
    expect(await store.relate(me, a!.id, b!.id, 'supports')).toEqual({ created: true });
    expect(await store.relate(me, a!.id, b!.id, 'supports')).toEqual({ created: false });
    expect(await store.relate(me, a!.id, b!.id, 'contradicts')).toEqual({ created: true });
    for (const id of [hidden!.id, randomUUID()]) {
      await expect(store.relate(me, a!.id, id, 'supports')).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `there is no memory ${id}`,
      });
    }
    expect(await rowsOf(database, 'SELECT relation_type FROM memory_relations ORDER BY 1')).toEqual([
      { relation_type: 'contradicts' },
      { relation_type: 'supports' },
    ]);
  });

  test('the tool: stores, finds and relates; wrong input and unknown ids are told', async () => {
    type Found = { id: string; memories: { id: string }[] };
    const tool = createTool({
      logger,
      memories: new MemoryStore(await initialised()),
      embed: async (text) => at(text.length),
    });
    const call = (name: string, args: object, context: object = me) =>
      tool({ tool: name, arguments: args, context }, lambda) as unknown as Promise<{ result: Found }>;
    const { result: first } = await call('memory_store', { content: 'tea' });
    const { result: second } = await call('memory_store', { content: 'a much longer text', type: 'decision' });
    const found = await call('memory_search', { query: 'abc', limit: 1 });
    expect(found).toMatchObject({ ok: true, result: { memories: [{ id: first.id, content: 'tea', type: 'fact' }] } });
    const decisions = await call('memory_search', { query: 'abc', types: ['decision'] });
    expect(decisions.result.memories.map(({ id }) => id)).toEqual([second.id]);
    expect(await call('memory_search', { query: 'abc' }, { userId: 'me', orgId: 'theirs' })).toEqual({
      ok: true,
      result: { memories: [] },
    });
    const relation = { fromId: first.id, toId: second.id.toUpperCase(), relationType: 'led to' };
    expect(await call('memory_relate', relation)).toEqual({ ok: true, result: { created: true } });
    expect(await call('memory_relate', { ...relation, toId: randomUUID() })).toMatchObject({
      ok: false,
      error: { code: 'NOT_FOUND' },
    });
  });
});

describe('the connection', () => {
  test('is made anew when it was cut, and when the password was changed', async () => {
    const where = await empty();
    let password = where.password;
    const database = connect(where, () => JSON.stringify({ username: where.user, password }));
    const pidOf = async () => (await rowsOf<{ pid: number }>(database, 'SELECT pg_backend_pid() AS pid'))[0]!.pid;
    const pid = await pidOf();
    expect(await pidOf()).toBe(pid);
    await rowsOf(connect(where), 'SELECT pg_terminate_backend($1)', [pid]);
    expect(await pidOf()).not.toBe(pid);
    password = 'wrong';
    const late = connect(where, () => JSON.stringify({ username: where.user, password }));
    await expect(rowsOf(late, 'SELECT 1')).rejects.toThrow(DatabaseUnavailableError);
    let reads = 0;
    const rotated = connect(where, () =>
      JSON.stringify({ username: where.user, password: (reads += 1) === 1 ? 'old' : where.password }),
    );
    expect(await rowsOf(rotated, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(reads).toBe(2);
  });

  test('an error of a statement is not one of the connection, and a transaction that fails leaves nothing', async () => {
    const database = await initialised();
    await expect(
      database.transaction(async (query) => {
        await query('INSERT INTO orgs (id, external_id, name) VALUES ($1, $2, $2)', [randomUUID(), 'gone']);
        await query('SELECT nothing');
      }),
    ).rejects.toMatchObject({ code: '42703' });
    expect(await rowsOf(database, 'SELECT * FROM orgs')).toEqual([]);
  });

  test('nobody there: tried for as long as it may be, then told', async () => {
    const database = connect({ ...address, port: 1 });
    await expect(rowsOf(database, 'SELECT 1')).rejects.toThrow('the database cannot be reached');
  });
});
