/** The normal downloads: asks quickly whether a server answers, and takes a file only with the checksum it should have. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { UserError } from '../console/errors';

const answers = new Map<string, Promise<boolean>>();

/** Whether a URL answers soon; remembered for this process. `SLUICE_DOWNLOADS=off` says no without asking. */
export function reachable(url: string, timeoutMilliseconds = 3000): Promise<boolean> {
  if (process.env['SLUICE_DOWNLOADS'] === 'off') return Promise.resolve(false);
  let answer = answers.get(url);
  if (answer === undefined) {
    answer = fetch(url, { method: 'HEAD', redirect: 'follow', signal: AbortSignal.timeout(timeoutMilliseconds) }).then(
      (response) => response.ok,
      () => false,
    );
    answers.set(url, answer);
  }
  return answer;
}

export async function fetchText(url: string, timeoutMilliseconds = 10_000): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMilliseconds) });
  if (!response.ok) throw new UserError(`${url} answered ${response.status}`);
  return response.text();
}

/** The SHA-256 of a file in a `SHA256SUMS` text. */
export function checksumOf(sums: string, file: string): string {
  for (const line of sums.split('\n')) {
    const [hash, name] = line.trim().split(/\s+\*?/);
    if (name === file && hash !== undefined && /^[0-9a-f]{64}$/.test(hash)) return hash;
  }
  throw new UserError(`The list of checksums does not name ${file}.`);
}

export interface DownloadOptions {
  readonly update?: (line: string) => void;
  /** Without a byte for so long the download is given up. @default 30000 */
  readonly idleMilliseconds?: number;
}

/** Streams a file to disk; a wrong checksum is an error and the file is not to be used. */
export async function download(
  url: string,
  sha256: string,
  target: string,
  options: DownloadOptions = {},
): Promise<void> {
  const abort = new AbortController();
  const idle = options.idleMilliseconds ?? 30_000;
  let timer = setTimeout(() => abort.abort(), idle);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new UserError(`${url} answered ${response.status}`);
    const total = Number(response.headers.get('content-length') ?? 0);
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), idle);
        hash.update(chunk);
        bytes += chunk.length;
        options.update?.(`${mebibytes(bytes)}${total > 0 ? ` of ${mebibytes(total)}` : ''} MiB`);
        done(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body as ReadableStream), meter, createWriteStream(target), {
      signal: abort.signal,
    });
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const why = abort.signal.aborted ? `nothing came for ${idle / 1000} s` : (cause as Error).message;
    throw new UserError(`Download of ${url} failed: ${why}`, { remedy: 'Run the command again.', cause });
  } finally {
    clearTimeout(timer);
  }
  const actual = hash.digest('hex');
  if (actual !== sha256)
    throw new UserError(`${url} has checksum ${actual}, but ${sha256} was expected; the file is not used.`, {
      remedy: 'Run the command again; if it stays so, something between here and there changes downloads.',
    });
}

const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
