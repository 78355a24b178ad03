/** Applies numbered migrations, each in a transaction of its own. Two at once wait for each other: an advisory lock is held. */
import { inTransaction, type Database, type Query } from '../common/database';

export interface Migration {
  /** 1, 2, 3... without gaps. */
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

export interface Migrated {
  /** Names of what has been applied by this call. */
  readonly applied: readonly string[];
  /** Of the schema as it is now; 0 is empty. */
  readonly version: number;
  /** The extension's version; null when it is not installed yet. */
  readonly pgvector: string | null;
  /** Of a dry run alone: what would be applied. */
  readonly pending?: readonly string[];
}

/** Any number, the same for everybody who migrates this database. */
const LOCK = 4_242_001;

export async function migrate(
  database: Pick<Database, 'session'>,
  migrations: readonly Migration[],
  { dryRun }: { readonly dryRun: boolean },
): Promise<Migrated> {
  migrations.forEach(({ version, name }, index) => {
    if (version !== index + 1) throw new Error(`migration ${name} has number ${version}, not ${index + 1}`);
  });
  return database.session(async (query) => {
    if (dryRun) return { ...(await state(query, [])), pending: (await pendingOf(query, migrations)).map(nameOf) };
    await query('SELECT pg_advisory_lock($1)', [LOCK]);
    try {
      await query(`CREATE TABLE IF NOT EXISTS schema_migrations (
        version INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
      )`);
      const pending = await pendingOf(query, migrations);
      for (const migration of pending) await inTransaction(query, () => apply(query, migration));
      return await state(query, pending.map(nameOf));
    } finally {
      await query('SELECT pg_advisory_unlock($1)', [LOCK]);
    }
  });
}

const nameOf = ({ name }: Migration): string => name;

async function apply(query: Query, { version, name, statements }: Migration): Promise<void> {
  for (const statement of statements) {
    try {
      await query(statement);
    } catch (error) {
      throw new Error(`migration ${version} (${name}) failed: ${(error as Error).message}`, { cause: error });
    }
  }
  await query('INSERT INTO schema_migrations (version, name) VALUES ($1, $2)', [version, name]);
}

async function currentVersion(query: Query): Promise<number> {
  const { rows: tables } = await query<{ found: boolean }>(
    `SELECT to_regclass('schema_migrations') IS NOT NULL AS found`,
  );
  if (!tables[0]?.found) return 0;
  const { rows } = await query<{ version: number }>(
    'SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations',
  );
  return rows[0]?.version ?? 0;
}

/** @throws when the database is of a newer release: what it holds is not known here */
async function pendingOf(query: Query, migrations: readonly Migration[]): Promise<Migration[]> {
  const version = await currentVersion(query);
  if (version > migrations.length) {
    throw new Error(`the database has schema version ${version}; this release knows ${migrations.length} at most`);
  }
  return migrations.slice(version);
}

async function state(query: Query, applied: readonly string[]): Promise<Migrated> {
  const { rows } = await query<{ extversion: string }>(`SELECT extversion FROM pg_extension WHERE extname = 'vector'`);
  return { applied, version: await currentVersion(query), pgvector: rows[0]?.extversion ?? null };
}
