/**
 * The per-user tool cache: one folder per tool and version, filled once under a lock. Work happens in a temporary folder
 * that is renamed at the end, so a killed build leaves nothing that looks finished.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import lockfile from 'proper-lockfile';

type Update = (line: string) => void;

export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env['SLUICE_CACHE']) return resolve(env['SLUICE_CACHE']);
  return join(env['XDG_CACHE_HOME'] ? resolve(env['XDG_CACHE_HOME']) : join(homedir(), '.cache'), 'sluice');
}

/** Go's and the registries' words for this machine. */
export function platform(): { os: string; arch: string; id: string } {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return { os, arch, id: `${os}_${arch}` };
}

export interface LockOptions {
  readonly root?: string;
  readonly update?: Update;
  /** How often a waiting process looks again. @default 500 */
  readonly pollMilliseconds?: number;
  /** A lock that was not renewed for so long belongs to a dead process. @default 15000 */
  readonly staleMilliseconds?: number;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

/** Runs `work` while no other process of this user works on the same name; says who it waits for. */
export async function withLock<T>(name: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const folder = join(options.root ?? cacheRoot(), 'locks');
  await mkdir(folder, { recursive: true });
  const file = join(folder, name);
  const stale = options.staleMilliseconds ?? 15_000;
  const update = options.update ?? (() => undefined);
  let release: (() => Promise<void>) | undefined;
  while (release === undefined) {
    try {
      release = await lockfile.lock(file, {
        realpath: false,
        // Of a holder that is known to be dead two seconds without a renewal are enough.
        stale: holderIsDead(file) ? 2000 : stale,
        update: Math.max(1000, Math.floor(stale / 5)),
        // After a suspended laptop wakes up the lock may be gone; results are renamed into place, so nothing is lost.
        onCompromised: () => update(`the lock on ${name} was taken over`),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      update(`another sluice is building ${name}${describeHolder(file)}; waiting`);
      await new Promise((wake) => setTimeout(wake, options.pollMilliseconds ?? 500));
    }
  }
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  await writeFile(holderFile(file), JSON.stringify(holder));
  try {
    return await work();
  } finally {
    await rm(holderFile(file), { force: true });
    await release().catch(() => undefined);
  }
}

function describeHolder(file: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(holderFile(file), 'utf8')) as Holder;
    return ` (pid ${pid}${host === hostname() ? '' : ` on ${host}`}, since ${new Date(since).toTimeString().slice(0, 8)})`;
  } catch {
    return '';
  }
}

/** Only a process of this machine can be looked for. */
function holderIsDead(file: string): boolean {
  try {
    const { pid, host } = JSON.parse(readFileSync(holderFile(file), 'utf8')) as Holder;
    if (host !== hostname()) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

const holderFile = (file: string) => `${file}.holder.json`;

export interface FillOptions extends LockOptions {
  /** Fills the temporary folder; everything in it appears at the target at once when this resolves. */
  readonly fill: (folder: string) => Promise<void>;
  /** Whether what is there can be used; if not it is filled anew. @default - it is there */
  readonly usable?: () => Promise<boolean>;
}

/** Makes sure that a folder of the cache is there, complete. `name` is the lock's, and the first part of temporary folders. */
export async function fillOnce(name: string, target: string, options: FillOptions): Promise<void> {
  const present = async () => existsSync(target) && (options.usable === undefined || (await options.usable()));
  if (await present()) return;
  await withLock(
    name,
    async () => {
      if (await present()) return;
      const root = options.root ?? cacheRoot();
      await clearTemporary(name, root);
      const temporary = join(root, 'tmp', `${name}-${process.pid}`);
      await mkdir(temporary, { recursive: true });
      try {
        await options.fill(temporary);
        await mkdir(dirname(target), { recursive: true });
        await removeFolder(target);
        await rename(temporary, target);
      } finally {
        await removeFolder(temporary);
      }
    },
    options,
  );
}

/** What a killed run of the same work left behind: its folders, and a compiler that still works in them. Only under the lock. */
export async function clearTemporary(name: string, root = cacheRoot()): Promise<void> {
  const folder = join(root, 'tmp');
  const entries = await readdir(folder).catch(() => [] as string[]);
  for (const entry of entries) {
    if (!entry.startsWith(`${name}-`) || !/^\d+$/.test(entry.slice(name.length + 1))) continue;
    await endProcessesIn(join(folder, entry));
    await removeFolder(join(folder, entry));
  }
}

/** Linux only; elsewhere an orphaned compiler runs to its end and writes into a folder nobody looks at. */
async function endProcessesIn(folder: string): Promise<void> {
  for (const pid of await readdir('/proc').catch(() => [] as string[])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (cwd !== folder && !cwd.startsWith(`${folder}/`)) continue;
    try {
      process.kill(Number(pid), 'SIGTERM');
    } catch {
      // It ended by itself.
    }
  }
}

/** A compiler that is just ending may still write there. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 200 });
}

export async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Written beside and renamed: a reader sees the old text or the new one. Left alone when it already says so. */
export async function writeIfChanged(file: string, text: string): Promise<string> {
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before === text) return file;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, file);
  return file;
}
