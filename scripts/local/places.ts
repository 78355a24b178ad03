/** Where the local cloud of one checkout lives: its folder, its ports, its accounts. Pure; nothing here starts anything. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accounts } from '../../environments/accounts';
import { environmentNames, type Environment } from '../../environments/schema';
import { UsageError } from '../console/errors';
import { sluiceHome } from '../session/folders';

export type { Environment } from '../../environments/schema';
export { environmentNames };
export const localAccounts = accounts.local as Readonly<Record<Environment, string>>;
export const localRegion = 'us-east-1';
/** Accepted by the emulator, which checks no signature. */
export const localSecretKey = 'local-cloud';

export const sourceFolder = dirname(fileURLToPath(import.meta.url));

export interface Places {
  readonly home: string;
  /** Everything of the local cloud inside the home. */
  readonly folder: string;
  /** Names this home on containers and sockets. */
  readonly id: string;
  /** Unix sockets: their paths have a limit of about 100 bytes, so they cannot live inside the home. */
  readonly sockets: string;
  readonly port: number;
}

export function sluicePort(env: NodeJS.ProcessEnv = process.env): number {
  const text = env['SLUICE_PORT'] || '4500';
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1024 || port > 65000) {
    throw new UsageError(
      `SLUICE_PORT is ${JSON.stringify(text)}.`,
      'Give a whole number from 1024 to 65000, e.g. SLUICE_PORT=4600.',
    );
  }
  return port;
}

export function places(env: NodeJS.ProcessEnv = process.env): Places {
  const wanted = sluiceHome(env);
  mkdirSync(join(wanted, 'local'), { recursive: true });
  const home = existsSync(wanted) ? realpathSync(wanted) : wanted;
  const id = createHash('sha256').update(home).digest('hex').slice(0, 12);
  const sockets = join(tmpdir(), `sluice-${userInfo().uid}-${id}`);
  return { home, folder: join(home, 'local'), id, sockets, port: sluicePort(env) };
}

/** Ports of one local cloud, counted from its control port. */
export const ports = {
  gateway: (base: number, environment: Environment): number => base + 1 + environmentNames.indexOf(environment),
  emulator: (base: number, environment: Environment): number => base + 4 + environmentNames.indexOf(environment),
  moto: (base: number): number => base + 7,
  postgres: (base: number): number => base + 8,
  firstEndpoint: (base: number): number => base + 10,
};

export function environmentOfAccount(account: string): Environment | undefined {
  return environmentNames.find((name) => localAccounts[name] === account);
}
