/** Aurora Postgres: one pooled connection with the credentials of the secret. A database that still wakes up is waited for. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import * as z from 'zod/mini';
import type { SecretValue } from '../../common/secret-value';

/** Of connections that could not be had, or broke; never of a statement that the database refused. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

const credentialsSchema = z.object({ username: z.string(), password: z.string() });

/** Lambda's runtimes hold the certificates of RDS here. */
const LAMBDA_CERTIFICATES = '/var/runtime/ca-cert.pem';

export interface DatabaseOptions {
  /** The secret's JSON text with `username` and `password`. */
  readonly secret: Pick<SecretValue, 'get' | 'forget'>;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** `verify-full` encrypts, and checks the server's certificate. */
  readonly sslMode: 'verify-full' | 'disable';
  /** How long a connection is tried for. @default 10000 */
  readonly patienceMilliseconds?: number;
  /** Of one statement. @default 25000 */
  readonly statementMilliseconds?: number;
}

export type Query = <Row extends pg.QueryResultRow>(
  sql: string,
  parameters?: readonly unknown[],
) => Promise<pg.QueryResult<Row>>;

export class Database {
  readonly #options: DatabaseOptions;
  #pool: pg.Pool | undefined;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** Work on one connection, outside a transaction. */
  async session<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken: Error | undefined;
    const query: Query = async (sql, parameters) => {
      try {
        return await client.query(sql, parameters && [...parameters]);
      } catch (error) {
        if (!isConnectionFault(error)) throw error;
        broken = error as Error;
        throw new DatabaseUnavailableError('the connection to the database broke', { cause: error });
      }
    };
    try {
      return await work(query);
    } finally {
      client.release(broken);
    }
  }

  transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.session((query) => inTransaction(query, () => work(query)));
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.end();
  }

  async #connect(): Promise<pg.PoolClient> {
    const { patienceMilliseconds = 10_000, secret } = this.#options;
    const until = performance.now() + patienceMilliseconds;
    let rotated = false;
    for (let wait = 100; ; wait = Math.min(wait * 2, 2_000)) {
      try {
        const client = await (await this.#open()).connect();
        // Lambda freezes us between calls: the connection may be dead by now.
        try {
          await client.query('SELECT 1');
          return client;
        } catch (error) {
          client.release(error as Error);
          throw error;
        }
      } catch (error) {
        if (isRefusedPassword(error) && !rotated) {
          rotated = true;
          secret.forget();
          await this.close();
        } else if (!isConnectionFault(error) || performance.now() + wait > until) {
          throw isConnectionFault(error) || isRefusedPassword(error)
            ? new DatabaseUnavailableError('the database cannot be reached', { cause: error })
            : error;
        } else {
          await delay(wait * (0.5 + Math.random() / 2));
        }
      }
    }
  }

  async #open(): Promise<pg.Pool> {
    if (this.#pool) return this.#pool;
    const { secret, host, port, database, sslMode, statementMilliseconds = 25_000 } = this.#options;
    const { username, password } = parseCredentials(await secret.get());
    const pool = new pg.Pool({
      host,
      port,
      database,
      user: username,
      password,
      max: 1,
      ssl: sslMode === 'disable' ? false : certificates(),
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 0,
      keepAlive: true,
      allowExitOnIdle: true,
      statement_timeout: statementMilliseconds,
    });
    // An idle connection that breaks must not end the process; the next use finds out.
    pool.on('error', () => undefined);
    this.#pool ??= pool;
    return this.#pool;
  }
}

/** Within a session that is open already. */
export async function inTransaction<T>(query: Query, work: () => Promise<T>): Promise<T> {
  await query('BEGIN');
  try {
    const result = await work();
    await query('COMMIT');
    return result;
  } catch (error) {
    await query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const certificates = () =>
  existsSync(LAMBDA_CERTIFICATES) ? { ca: readFileSync(LAMBDA_CERTIFICATES, 'utf8') } : { rejectUnauthorized: true };

function parseCredentials(text: string): z.output<typeof credentialsSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would hold the text.
    throw new Error('the database secret is not JSON');
  }
  const parsed = credentialsSchema.safeParse(json);
  if (!parsed.success) throw new Error('the database secret lacks username or password');
  return parsed.data;
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
/** SQLSTATE: connection exceptions (08...), shutting down, starting up, too many connections. */
const isConnectionState = (code: string) => /^(08...|57P0[123]|53300)$/.test(code);

export function isConnectionFault(error: unknown): boolean {
  if (error instanceof DatabaseUnavailableError) return true;
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  if (typeof code === 'string') return networkCodes.has(code) || isConnectionState(code);
  return /^(Connection terminated|timeout (expired|exceeded)|Client has encountered a connection error)/i.test(message);
}

const isRefusedPassword = (error: unknown) => (error as { code?: unknown } | undefined)?.code === '28P01';
