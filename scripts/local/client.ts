/** The local cloud for the rest of the program: start and stop it, ask it things, and the variables under which the Terraform
 * engine talks to it. Runs in the command's process; the cloud itself is a process in the background. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import lockfile from 'proper-lockfile';
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { ensureContainers, ensureEmulator, ensurePostgres } from '../toolchain/index';
import type { ContainerEngine } from '../toolchain/types';
import { localiser } from './addresses';
import { tail } from './child';
import { controlCall, hello, type Reply } from './control-client';
import type { FaultRule } from './faults';
import { readLedger, type LedgerEntry, type LedgerQuery } from './ledger';
import {
  localAccounts,
  localRegion,
  localSecretKey,
  places,
  ports,
  sourceFolder,
  type Environment,
  type Places,
} from './places';
import { portTaken } from './port';
import type { CloudStatus, CloudTools, Database, EnvironmentStatus, Settings } from './wire';

export type { Environment } from './places';
export type { CloudStatus, Database } from './wire';
export type { FaultRule } from './faults';
export type { LedgerEntry, LedgerQuery } from './ledger';

export interface CloudEnvironment {
  readonly environment: Environment;
  readonly account: string;
  readonly region: string;
  /** AWS API endpoint of the account for SDK clients (S3: path style). */
  readonly endpoint: string;
  /** `host:port` of the account's image registry, plain HTTP. */
  readonly registry: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly containers: ContainerEngine;
}

export interface EnsureOptions {
  /** @default SLUICE_BEDROCK_PROXY_URL, else what the environment has, else the emulator's own answers */
  readonly bedrockProxyUrl?: string;
  /** Tools found by the caller. @default - found or installed by the toolchain */
  readonly tools?: {
    readonly emulator: CloudTools['emulator'];
    readonly containers: ContainerEngine;
  };
}

/** Starts what is not running yet of the local cloud and of this environment in it. Safe to call at any time, from several
 * processes at once. */
export async function ensureCloud(
  reporter: Reporter,
  environment: Environment,
  options: EnsureOptions = {},
): Promise<CloudEnvironment> {
  const where = places();
  const emulator = options.tools?.emulator ?? (await ensureEmulator(reporter));
  const containers = options.tools?.containers ?? (await ensureContainers(reporter));
  const proxy = options.bedrockProxyUrl ?? process.env['SLUICE_BEDROCK_PROXY_URL'];
  const tools: CloudTools = {
    emulator: { python: emulator.python, version: emulator.version },
    containers: {
      kind: containers.kind,
      version: containers.version,
      socket: containers.socket,
      env: containers.env,
      hostAddress: containers.hostAddress,
      serve: containers.socket ? undefined : containers.serve?.(join(where.sockets, 'engine.sock')),
    },
  };
  const settings: Settings | undefined = proxy === undefined ? undefined : { bedrockProxyUrl: proxy };
  const running = (await isRunning(where)) && (await environmentStatus(where, environment));
  const start = async (): Promise<void> => {
    await ensureDaemon(where);
    const reply = await controlCall<EnvironmentStatus>(
      where,
      'POST',
      `/environments/${environment}/start`,
      { tools, settings },
      180_000,
    );
    need(reply, `The local cloud could not start ${environment}.`, where);
  };
  if (running) await start();
  else await reporter.step(`Local cloud: start ${environment}`, start);
  const port = ports.gateway(where.port, environment);
  return {
    environment,
    account: localAccounts[environment],
    region: localRegion,
    endpoint: `http://127.0.0.1:${port}`,
    registry: `127.0.0.1:${port}`,
    credentials: { accessKeyId: localAccounts[environment], secretAccessKey: localSecretKey },
    containers,
  };
}

/** The environment's own Postgres database, with pgvector. Starts what is not running yet of the local cloud and of Postgres in
 * it; the environment's emulator is not needed. */
export async function ensureDatabase(reporter: Reporter, environment: Environment): Promise<Database> {
  const where = places();
  // Installed here, where somebody sees the progress; the background process then finds it.
  await ensurePostgres(reporter);
  return reporter.step(`Local cloud: database of ${environment}`, async () => {
    await ensureDaemon(where);
    const reply = await controlCall<Database>(where, 'POST', `/environments/${environment}/database`, {}, 120_000);
    return need(reply, `The local cloud has no database for ${environment}.`, where);
  });
}

export async function cloudStatus(): Promise<CloudStatus> {
  const where = places();
  const greeting = await hello(where);
  if (greeting?.home !== where.home)
    return { running: false, home: where.home, port: where.port, environments: [], incidents: [] };
  const reply = await controlCall<CloudStatus>(where, 'GET', '/status');
  return need(reply, 'The local cloud does not tell its status.', where);
}

/** Stops the local cloud with everything in it. Its state stays, unless it is to be forgotten. */
export async function stopCloud(
  reporter: Reporter,
  options: { forget?: boolean } = {},
): Promise<{ stopped: boolean; forgotten: boolean }> {
  const where = places();
  const stopped = await stopRunning(reporter, where);
  if (options.forget) rmSync(where.folder, { recursive: true, force: true });
  return { stopped, forgotten: options.forget === true };
}

async function stopRunning(reporter: Reporter, where: Places): Promise<boolean> {
  const greeting = await hello(where);
  if (greeting?.home !== where.home) {
    rmSync(join(where.folder, 'daemon.pid'), { force: true });
    return false;
  }
  await reporter.step('Local cloud: stop', async () => {
    need(await controlCall(where, 'POST', '/stop', undefined, 60_000), 'The local cloud did not stop.', where);
    for (let n = 0; n < 100 && processLives(greeting.pid); n += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
  });
  return true;
}

/** Variables for the Terraform engine and provider: with them the stacks' JSON, which knows nothing of a local cloud, applies here. */
export function engineEnvironment(
  cloud: Pick<CloudEnvironment, 'account' | 'region' | 'endpoint' | 'credentials'>,
): Record<string, string> {
  const proxied = (service: string): string => `http://${service}.sluice.internal`;
  return {
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_REGION: cloud.region,
    AWS_DEFAULT_REGION: cloud.region,
    // Names without DNS: the calls go to the proxy, which knows them.
    AWS_ENDPOINT_URL: proxied('aws'),
    AWS_ENDPOINT_URL_S3: proxied('s3'),
    AWS_ENDPOINT_URL_S3_CONTROL: proxied('s3control'),
    // In capitals only: Go programs read it so, while curl, which people use on published endpoints, does not.
    HTTP_PROXY: cloud.endpoint,
    NO_PROXY: '127.0.0.1,localhost',
    // Nothing of the machine's own AWS set-up may leak into a rehearsal.
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}

/** Turns addresses that only exist on AWS (of APIs, distributions, public load balancers, Cognito, S3) into those at which the
 * same things answer here: for what a stack's outputs say. Other text stays as it is. */
export async function localAddresses(
  cloud: Pick<CloudEnvironment, 'environment' | 'endpoint'>,
): Promise<(value: string) => string> {
  const { environments } = await cloudStatus();
  const endpoints = environments.find(({ environment }) => environment === cloud.environment)?.endpoints ?? [];
  return localiser({ gateway: cloud.endpoint, endpoints });
}

/** Empties an environment's account: every resource, its containers, its published endpoints, its database. */
export async function resetEnvironment(environment: Environment): Promise<void> {
  const where = places();
  need(
    await controlCall(where, 'POST', `/environments/${environment}/reset`, undefined, 90_000),
    `${environment} was not emptied.`,
    where,
  );
}

/** Everything that the environment's account holds, as sorted lines: equal lists mean equal accounts. */
export async function inventory(environment: Environment): Promise<string[]> {
  const where = places();
  return need(
    await controlCall<string[]>(where, 'GET', `/environments/${environment}/inventory`, undefined, 30_000),
    `No inventory of ${environment}.`,
    where,
  );
}

/** Replaces the environment's fault rules; an empty list clears them. */
export async function setFaults(environment: Environment, rules: readonly FaultRule[]): Promise<void> {
  const where = places();
  need(
    await controlCall(where, 'PUT', `/environments/${environment}/faults`, rules),
    'The fault rules were not taken.',
    where,
  );
}

export async function ledger(query: LedgerQuery = {}): Promise<LedgerEntry[]> {
  return readLedger(places().folder, query);
}

async function ensureDaemon(where: Places): Promise<void> {
  if (await isRunning(where)) return;
  mkdirSync(where.folder, { recursive: true });
  const release = await lockfile.lock(where.folder, {
    lockfilePath: join(where.folder, 'daemon.lock'),
    stale: 20_000,
    retries: { retries: 120, minTimeout: 250, maxTimeout: 500 },
  });
  try {
    if (!(await isRunning(where))) await startDaemon(where);
  } finally {
    await release();
  }
}

async function isRunning(where: Places): Promise<boolean> {
  const greeting = await hello(where);
  if (greeting && greeting.home !== where.home) {
    throw new UserError(`Port ${where.port} belongs to the local cloud of another checkout: ${greeting.home}.`, {
      remedy: 'Stop that one (./sluice down there), or give this one ports of its own: SLUICE_PORT=4700 ./sluice ...',
    });
  }
  return greeting !== undefined;
}

async function environmentStatus(where: Places, environment: Environment): Promise<boolean> {
  const reply = await controlCall<CloudStatus>(where, 'GET', '/status');
  return reply.status === 200 && reply.value.environments.some((e) => e.environment === environment);
}

async function startDaemon(where: Places): Promise<void> {
  const log = join(where.folder, 'daemon.log');
  if (existsSync(log) && statSync(log).size > 4 * 1024 * 1024) renameSync(log, `${log}.1`);
  const out = openSync(log, 'a');
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const child = spawn(process.execPath, ['--import', loader, join(sourceFolder, 'daemon.ts')], {
    detached: true,
    stdio: ['ignore', out, out],
    cwd: where.home,
    env: { ...withoutNodeOptions(process.env), SLUICE_HOME: where.home, SLUICE_PORT: String(where.port) },
  });
  closeSync(out);
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  child.unref();
  const end = Date.now() + 30_000;
  while (!(await isRunning(where))) {
    if (ended || Date.now() > end) {
      if (/EADDRINUSE/.test(tail(log, 12))) throw portTaken(where.port, 'the control port of the local cloud');
      throw new UserError(`The local cloud did not start.\n${tail(log, 12)}`, { remedy: `See ${log}.` });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A test runner's own flags are not for the background process. */
function withoutNodeOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _dropped, ...rest } = env;
  return rest;
}

function need<T>(reply: Reply<T>, what: string, where: Places): T {
  if (reply.status < 300) return reply.value;
  const { error, remedy } = reply.value as { error?: string; remedy?: string };
  throw new UserError(`${what} ${error ?? `(status ${reply.status})`}`, {
    remedy: remedy ?? `See ${join(where.folder, 'daemon.log')}.`,
  });
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\bZ\b/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.slice(0, 1) ?? '');
  } catch {
    return false;
  }
}
