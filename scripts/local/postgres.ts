/** A real Postgres with pgvector for systems with a database: one server a local cloud, one database an environment. It starts
 * when the first environment asks for its database, listens on the loopback interface only, and keeps its data. */
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { UserError } from '../console/errors';
import { ensurePostgres } from '../toolchain/index';
import { ask, run } from '../toolchain/process';
import { Child } from './child';
import { ports, type Environment, type Places } from './places';
import { claimPort } from './port';
import { silent } from './silent';
import type { CloudStatus, Database } from './wire';

const superuser = 'postgres';

export class Postgres {
  private child: Child | undefined;
  private version = '';
  private starting: Promise<void> | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly folder: string;
  private readonly data: string;
  private readonly passwordFile: string;

  constructor(
    private readonly where: Places,
    private readonly incident: (what: string) => void,
  ) {
    this.folder = join(where.folder, 'postgres');
    this.data = join(this.folder, 'data');
    this.passwordFile = join(where.folder, 'postgres.password');
  }

  /** The environment's database, made when it is not there yet. Calls are served one after the other. */
  database(environment: Environment): Promise<Database> {
    return this.enqueue(async () => {
      await this.started();
      await query(this.address(superuser), async (client) => {
        const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [environment]);
        if (!known.rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(environment)}`);
      });
      const database = this.address(environment);
      await query(database, (client) => client.query('CREATE EXTENSION IF NOT EXISTS vector'));
      return database;
    });
  }

  /** Forgets the environment's database, whoever is connected to it. */
  drop(environment: Environment): Promise<void> {
    return this.enqueue(async () => {
      if (!existsSync(this.data)) return;
      await this.started();
      await query(this.address(superuser), (client) =>
        client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(environment)} WITH (FORCE)`),
      );
    });
  }

  status(): CloudStatus['postgres'] {
    return this.child && { version: this.version, port: ports.postgres(this.where.port), running: this.child.running };
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async stop(): Promise<void> {
    await this.queue;
    await this.child?.stop();
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  private started(): Promise<void> {
    this.starting ??= this.start().catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    return this.starting;
  }

  private async start(): Promise<void> {
    const { version, bin } = await ensurePostgres(silent);
    const port = ports.postgres(this.where.port);
    const password = keptPassword(this.passwordFile, existsSync(this.data));
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const user = await unprivileged(this.folder, bin);
    if (!existsSync(this.data)) await this.initialise(user, bin, password);
    // A killed predecessor may have left it running; where nothing runs this fails, which is as good.
    const [stop = '', ...stopArgs] = user.command(join(bin, 'pg_ctl'), 'stop', '-D', this.data, '-m', 'fast', '-w');
    await ask(stop, stopArgs, { timeout: 30_000 });
    await claimPort(port, 'Postgres');
    const [command = '', ...args] = user.command(
      join(bin, 'postgres'),
      ...['-D', this.data, '-p', String(port)],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      ...['-c', `cluster_name=sluice-${this.where.id}`],
    );
    const child = new Child({
      name: 'Postgres',
      command,
      args,
      env: { ...process.env, LC_ALL: 'C', SLUICE_CLOUD: this.where.id },
      log: join(this.where.folder, 'postgres.log'),
      ready: () => query(this.address(superuser), (client) => client.query('SELECT 1'), 0).then(...yesOrNo),
      readyWithinMs: 60_000,
      // Fast shutdown: ends open sessions, where SIGTERM would wait for them.
      stopSignal: 'SIGINT',
      stopWithinMs: 20_000,
      incident: this.incident,
    });
    await child.start();
    this.version = version;
    this.child = child;
  }

  /** Made beside its place and renamed, so that a killed one counts for nothing. */
  private async initialise(user: Unprivileged, bin: string, password: string): Promise<void> {
    const unfinished = `${this.data}.new`;
    const secret = join(this.folder, 'initial-password');
    rmSync(unfinished, { recursive: true, force: true });
    try {
      writeFileSync(secret, password, { mode: 0o600 });
      user.own(secret);
      const [command = '', ...args] = user.command(
        join(bin, 'initdb'),
        ...['-D', unfinished, '-U', superuser, `--pwfile=${secret}`, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale=C'],
      );
      await run(command, args, { env: { LC_ALL: 'C' }, remedy: `See whether ${this.folder} can be written.` });
      renameSync(unfinished, this.data);
    } finally {
      rmSync(secret, { force: true });
    }
  }

  private address(database: string): Database {
    const password = keptPassword(this.passwordFile, true);
    return { host: '127.0.0.1', port: ports.postgres(this.where.port), user: superuser, password, database };
  }
}

const yesOrNo = [() => true, () => false] as const;

/** The superuser's password, made once. Data whose password is lost cannot be opened, so that is said rather than made anew. */
export function keptPassword(file: string, dataExists: boolean): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  if (dataExists) {
    throw new UserError(`The password of the local Postgres is gone: ${file}.`, {
      remedy: `Put it back, or start with empty databases: ./sluice down, then remove ${file.replace(/\.password$/, '')}.`,
    });
  }
  const password = randomBytes(24).toString('base64url');
  writeFileSync(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
  return password;
}

interface Unprivileged {
  /** The command line that runs a program as that user. */
  command(program: string, ...args: string[]): string[];
  own(path: string): void;
}

/** Postgres refuses to run as root; root's Postgres runs as `nobody`. */
async function unprivileged(folder: string, bin: string): Promise<Unprivileged> {
  if (process.getuid?.() !== 0) return { command: (...words) => words, own: () => undefined };
  const [uid, gid] = (await Promise.all([ask('id', ['-u', 'nobody']), ask('id', ['-g', 'nobody'])])).map(Number);
  if (process.platform === 'linux' && uid && gid) {
    chownSync(folder, uid, gid);
    for (const capability of capabilities) {
      const prefix = setpriv(uid, gid, capability);
      const probe = ['sh', '-c', 'cd "$1" && head -c 1 "$2" >/dev/null', 'sh', folder, join(bin, 'postgres')];
      if ((await ask('setpriv', [...prefix.slice(1), ...probe])) === undefined) continue;
      return { command: (...words) => [...prefix, ...words], own: (path) => chownSync(path, uid, gid) };
    }
  }
  throw new UserError('Postgres does not run as root, and here it cannot run as nobody either.', {
    remedy: 'Run Sluice as another user than root, or install setpriv (Debian and Ubuntu: apt-get install util-linux).',
  });
}

/** The least that lets `nobody` reach its data and the binaries: nothing, or passing through folders of root's (`/root` itself),
 * or, where a container was not given that one, the wider one. */
export const capabilities = [undefined, 'dac_read_search', 'dac_override'] as const;

export function setpriv(uid: number, gid: number, capability: (typeof capabilities)[number]): string[] {
  return [
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
    // Postgres looks with access(2), which disregards the capabilities of a user unless told so.
    ...(capability === undefined
      ? []
      : ['--securebits=+no_setuid_fixup', `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`]),
  ];
}

/** A connection for one piece of work. A server that just starts again is waited for. */
async function query<T>(to: Database, work: (client: pg.Client) => Promise<T>, patienceMs = 10_000): Promise<T> {
  const client = await connect(to, Date.now() + patienceMs);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function connect(to: Database, until: number): Promise<pg.Client> {
  for (;;) {
    const client = new pg.Client({ ...to, ssl: false, connectionTimeoutMillis: 5000 });
    // A connection that breaks while nobody waits on it must not end the whole process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      const { code } = error as { code?: string };
      // 57P03: it is starting up or shutting down.
      if (!['ECONNREFUSED', 'ECONNRESET', '57P03'].includes(code ?? '') || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
