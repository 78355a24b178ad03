/** Reads and writes the lock of image digests, and knows the one before it. Its schema is `environments/lock.ts`. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import {
  ImagesLockError,
  lockPath,
  parseLock,
  type ImagesLock,
  type LockPlace,
  type ServiceLock,
} from '../../environments/lock';
import { UsageError, UserError } from '../console/errors';
import { writeAtomically } from './folders';

export interface LockRequest extends LockPlace {
  /** All services of the system that ship as an image. */
  readonly services: readonly string[];
  /** Every service must be named. @default false */
  readonly complete?: boolean;
}

/** Locks kept of a rehearsal, for `rollback`; on AWS that is git's work. */
const KEPT = 20;

/** Undefined when there is none yet. A damaged one is an error with every problem in it. */
export async function readLock(request: LockRequest): Promise<ImagesLock | undefined> {
  const path = lockPath(request);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return validateLock(text, request, path);
}

export function validateLock(text: string, request: LockRequest, path = lockPath(request)): ImagesLock {
  try {
    return parseLock(text, { ...request, path });
  } catch (error) {
    if (error instanceof ImagesLockError) throw new UsageError(error.summary, error.remedy);
    throw error;
  }
}

/** The text of a lock: keys in order, so that its diff shows what changed and nothing else. */
export function formatLock({ system, environment, services }: ImagesLock): string {
  const sorted = Object.entries(services).sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = sorted.map(([name, { digest, contentHash, commit, builtAt }]) => [
    name,
    { digest, contentHash, commit, builtAt },
  ]);
  return `${JSON.stringify({ system, environment, services: Object.fromEntries(entries) }, null, 2)}\n`;
}

/** Writes the whole lock. The same lock again writes nothing; a different one keeps the one before it. */
export async function writeLock(request: LockRequest, lock: ImagesLock): Promise<{ path: string; changed: boolean }> {
  const path = lockPath(request);
  const text = formatLock(lock);
  validateLock(text, request, path);
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === text) return { path, changed: false };
  if (before !== undefined && request.target === 'local') await keep(request, before);
  await writeAtomically(path, text);
  return { path, changed: true };
}

/** Sets the entries of some services; an entry whose bytes are unchanged stays as it is, with its commit and time. */
export async function updateLock(
  request: LockRequest,
  entries: Readonly<Record<string, ServiceLock>>,
): Promise<{ path: string; changed: boolean; lock: ImagesLock }> {
  const current = await readLock(request);
  const services: Record<string, ServiceLock> = { ...current?.services };
  for (const [name, entry] of Object.entries(entries)) {
    const known = services[name];
    if (known?.digest !== entry.digest || known.contentHash !== entry.contentHash) services[name] = entry;
  }
  const lock: ImagesLock = {
    system: request.system,
    environment: request.environment as ImagesLock['environment'],
    services,
  };
  return { ...(await writeLock(request, lock)), lock };
}

/** The newest lock before the current one that names other bytes: what `rollback` goes to. */
export async function previousLock(request: LockRequest): Promise<{ lock: ImagesLock; origin: string }> {
  const current = await readLock(request);
  const texts = request.target === 'local' ? keptLocks(request) : committedLocks(request);
  for await (const { text, origin } of texts) {
    let lock: ImagesLock;
    try {
      lock = parseLock(text, { ...request, path: origin });
    } catch {
      // A version that does not fit the system as it is now (a service was renamed, say) cannot be gone back to.
      continue;
    }
    if (current === undefined || digestsOf(lock) !== digestsOf(current)) return { lock, origin };
  }
  throw new UserError(`There is no earlier lock of ${request.system} ${request.environment} to go back to.`, {
    remedy:
      request.target === 'local'
        ? `A rehearsal keeps its last ${KEPT} locks in ${historyFolder(request)}; none there names other images.`
        : `Earlier locks come from git: no commit of ${lockPath(request)} names other images. A shallow clone has none: git fetch --unshallow`,
  });
}

function digestsOf({ services }: ImagesLock): string {
  return JSON.stringify(
    Object.entries(services)
      .map(([name, { digest }]) => [name, digest])
      .sort(),
  );
}

function historyFolder(request: LockRequest): string {
  return join(dirname(lockPath(request)), 'history');
}

async function keptNumbers(request: LockRequest): Promise<number[]> {
  const names = await readdir(historyFolder(request)).catch(() => [] as string[]);
  const pattern = new RegExp(`^${request.environment}-(\\d+)\\.json$`);
  return names
    .flatMap((name) => Number(pattern.exec(name)?.[1] ?? Number.NaN))
    .filter(Number.isInteger)
    .sort((a, b) => b - a);
}

async function keep(request: LockRequest, text: string): Promise<void> {
  const folder = historyFolder(request);
  await mkdir(folder, { recursive: true });
  const numbers = await keptNumbers(request);
  for (let next = (numbers[0] ?? 0) + 1; ; next++) {
    try {
      await writeFile(join(folder, `${request.environment}-${next}.json`), text, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  for (const old of numbers.slice(KEPT - 1))
    await rm(join(folder, `${request.environment}-${old}.json`), { force: true });
}

interface EarlierLock {
  readonly text: string;
  readonly origin: string;
}

async function* keptLocks(request: LockRequest): AsyncGenerator<EarlierLock> {
  for (const number of await keptNumbers(request)) {
    const origin = join(historyFolder(request), `${request.environment}-${number}.json`);
    yield { text: await readFile(origin, 'utf8'), origin };
  }
}

async function* committedLocks(request: LockRequest): AsyncGenerator<EarlierLock> {
  const file = relative(request.root, lockPath(request));
  const git = (...args: string[]) => execa('git', args, { cwd: request.root, reject: false, stdin: 'ignore' });
  const log = await git('log', '--format=%H', '-n', '200', '--', file);
  if (log.exitCode !== 0) {
    throw new UserError(
      `Earlier locks of AWS environments come from git, but git failed in ${request.root}: ${log.stderr.trim()}`,
    );
  }
  for (const commit of log.stdout.split('\n').filter(Boolean)) {
    const shown = await git('show', `${commit}:./${file}`);
    if (shown.exitCode === 0) yield { text: shown.stdout, origin: `${file} at commit ${commit.slice(0, 12)}` };
  }
}
