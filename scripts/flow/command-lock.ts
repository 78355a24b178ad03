/** One command at a time changes an environment from this checkout; the other is told who does, and since when. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import lockfile from 'proper-lockfile';
import { UserError } from '../console/errors';
import { sluiceHome } from '../session/folders';
import { processStart } from '../terraform/run';

interface Holder {
  readonly command: string;
  readonly pid: number;
  readonly started: number;
  readonly user: string;
  readonly since: string;
}

/** A holder that died without unlocking is noticed after this long, or at once when its process is gone. */
const STALE_MS = 15_000;

export async function withCommandLock<T>(stack: string, command: string, work: () => Promise<T>): Promise<T> {
  const folder = join(sluiceHome(), 'commands');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${stack}.json`);
  if (!holderLives(file)) rmSync(`${file}.lock`, { recursive: true, force: true });
  const release = await take(file, stack);
  const holder: Holder = {
    command,
    pid: process.pid,
    started: processStart(process.pid),
    user: userInfo().username,
    since: new Date().toISOString(),
  };
  writeFileSync(file, JSON.stringify(holder));
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
    await release().catch(() => undefined);
  }
}

async function take(file: string, stack: string): Promise<() => Promise<void>> {
  try {
    return await lockfile.lock(file, { realpath: false, stale: STALE_MS });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ELOCKED') throw cause;
    const holder = readHolder(file);
    const who =
      holder === undefined
        ? 'another command'
        : `"${holder.command}" of ${holder.user} (pid ${holder.pid}) since ${holder.since}`;
    throw new UserError(`${stack} is being changed by ${who}.`, {
      remedy: 'Wait until it has finished, then run this again.',
      cause,
    });
  }
}

/** A fresh lock folder without a holder's file is somebody between two lines of `withCommandLock`: alive. */
function holderLives(file: string): boolean {
  const holder = readHolder(file);
  if (holder === undefined) return true;
  try {
    process.kill(holder.pid, 0);
  } catch {
    return false;
  }
  return holder.started === 0 || processStart(holder.pid) === holder.started;
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}
