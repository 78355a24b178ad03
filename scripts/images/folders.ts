/** Where images are kept on this machine, and the small file operations that every part of the image commands needs. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheRoot, withLock as withToolLock } from '../toolchain/cache';

/** The images' part of the user's cache, shared by all checkouts. */
export function imagesFolder(): string {
  return join(cacheRoot(), 'images');
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The whole file or nothing, also when the process is killed half-way. */
export async function writeAtomically(path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${Date.now().toString(36)}`);
  try {
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * A working folder of this process under `<parent>/work`; what a killed process left there is removed on the way.
 * The folder is gone when `work` ends, however it ends.
 */
export async function withWorkFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const place = join(parent, 'work');
  await mkdir(place, { recursive: true });
  for (const name of await readdir(place)) {
    const owner = Number(name.split('-')[0]);
    if (!isRunning(owner)) await rm(join(place, name), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(place, `${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One process at a time does `work` for this name; the others wait and say for whom. */
export function withLock<T>(
  folder: string,
  name: string,
  work: () => Promise<T>,
  update?: (line: string) => void,
): Promise<T> {
  return withToolLock(name, work, { root: folder, update, staleMilliseconds: 10_000 });
}
