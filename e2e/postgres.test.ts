/** The local cloud's Postgres: real pgvector, a database of its own for each environment, data that outlives a death and a stop. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Reporter } from '../scripts/console/reporter';
import { cloudStatus, ensureDatabase, stopCloud, type Database } from '../scripts/local/client';

const PORT = 4860;
const home = mkdtempSync(join(tmpdir(), 'sluice-postgres-'));
process.env['SLUICE_HOME'] = home;
process.env['SLUICE_PORT'] = String(PORT);

const reporter: Reporter = {
  step: (_title, work) => work(() => undefined),
  info: () => undefined,
  warn: () => undefined,
};
let database: Database;

beforeAll(async () => {
  database = await ensureDatabase(reporter, 'dev');
});

afterAll(async () => {
  await stopCloud(reporter);
  rmSync(home, { recursive: true, force: true });
});

async function sql<Row extends pg.QueryResultRow>(to: Database, ...statements: string[]): Promise<Row[]> {
  const client = new pg.Client({ ...to });
  await client.connect();
  try {
    let rows: Row[] = [];
    for (const statement of statements) ({ rows } = await client.query<Row>(statement));
    return rows;
  } finally {
    await client.end();
  }
}

const nearest = (to: Database): Promise<string[]> =>
  sql<{ name: string }>(to, `SELECT name FROM items ORDER BY embedding <-> '[1,1,1]' LIMIT 3`).then((rows) =>
    rows.map(({ name }) => name),
  );

const postmaster = (): number =>
  Number(readFileSync(join(home, 'local/postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);

test('orders by distance, and an HNSW index serves the same order', async () => {
  await sql(
    database,
    'CREATE TABLE items (name text, embedding vector(3))',
    `INSERT INTO items VALUES ('far', '[9,9,9]'), ('near', '[1,1,2]'), ('same', '[1,1,1]'), ('next', '[3,1,1]')`,
  );
  expect(await nearest(database)).toEqual(['same', 'near', 'next']);
  const plan = await sql<Record<string, string>>(
    database,
    'CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops)',
    'SET enable_seqscan = off',
    `EXPLAIN SELECT name FROM items ORDER BY embedding <-> '[1,1,1]' LIMIT 3`,
  );
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('Index Scan using items_embedding');
  expect(await nearest(database)).toEqual(['same', 'near', 'next']);
  await expect(sql(database, `INSERT INTO items VALUES ('flat', '[1,2]')`)).rejects.toThrow(/expected 3 dimensions/);
});

test('each environment has its own database, and asking again changes nothing', async () => {
  const [staging, again] = await Promise.all([ensureDatabase(reporter, 'staging'), ensureDatabase(reporter, 'dev')]);
  expect(again).toEqual(database);
  expect(staging).toEqual({ ...database, database: 'staging' });
  await expect(nearest(staging)).rejects.toThrow(/relation "items" does not exist/);
  expect(await sql(staging, `SELECT '[1,2,3]'::vector <-> '[1,2,5]' AS distance`)).toEqual([{ distance: 2 }]);
});

test('asks for a password, which only its owner can read, and listens on the loopback interface only', async () => {
  await expect(sql({ ...database, password: 'wrong' })).rejects.toThrow(/password authentication failed/);
  const file = join(home, 'local/postgres.password');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8').trim()).toBe(database.password);
  expect(await sql(database, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  expect(database).toMatchObject({ host: '127.0.0.1', port: PORT + 8, user: 'postgres', database: 'dev' });
});

test('starts again with its data when it dies', async () => {
  const died = postmaster();
  process.kill(died, 'SIGKILL');
  for (let n = 0; n < 300 && !(await cloudStatus()).incidents.length; n += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await cloudStatus()).incidents.map(({ what }) => what)).toEqual([
    expect.stringMatching(/^Postgres died at .* \(SIGKILL\); it was started again with its state\.$/),
  ]);
  expect(postmaster()).not.toBe(died);
  expect(await nearest(await ensureDatabase(reporter, 'dev'))).toEqual(['same', 'near', 'next']);
});

test('is stopped with the local cloud in spite of an open session, and comes back with its data and password', async () => {
  const session = new pg.Client({ ...database });
  const ended = new Promise<string>((resolve) => session.on('error', (error) => resolve(error.message)));
  await session.connect();
  const before = postmaster();
  await stopCloud(reporter);
  expect(await ended).toMatch(/administrator command|terminated unexpectedly/);
  expect(() => process.kill(before, 0)).toThrow(/ESRCH/);
  expect(existsSync(join(home, 'local/postgres/data/postmaster.pid'))).toBe(false);
  expect(await ensureDatabase(reporter, 'dev')).toEqual(database);
  expect(await nearest(database)).toEqual(['same', 'near', 'next']);
});

test('what a killed local cloud left running is taken over', async () => {
  const left = postmaster();
  process.kill(Number(readFileSync(join(home, 'local/daemon.pid'), 'utf8')), 'SIGKILL');
  expect(await ensureDatabase(reporter, 'dev')).toEqual(database);
  expect(postmaster()).not.toBe(left);
  expect(await nearest(database)).toEqual(['same', 'near', 'next']);
});
