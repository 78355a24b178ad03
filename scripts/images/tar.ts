/** Writes tar archives whose bytes depend on nothing but their entries: no clock, no user of this machine. */
import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { once } from 'node:events';

export type TarEntry =
  | { readonly path: string; readonly kind: 'folder'; readonly mode: number; readonly owner?: number }
  | { readonly path: string; readonly kind: 'link'; readonly to: string }
  | { readonly path: string; readonly kind: 'file'; readonly mode: number; readonly content: string | Buffer }
  | {
      readonly path: string;
      readonly kind: 'copy';
      readonly mode: number;
      readonly from: string;
      readonly size: number;
    };

const BLOCK = 512;
const TYPES = { file: '0', copy: '0', link: '2', folder: '5' } as const;

/** Entries must come in order, each folder before what it holds. The stream is ended. */
export async function writeTar(entries: readonly TarEntry[], out: Writable): Promise<void> {
  for (const entry of entries) {
    const size = sizeOf(entry);
    await write(out, header(entry, size));
    if (entry.kind === 'file') await write(out, Buffer.from(entry.content));
    if (entry.kind === 'copy') await copy(entry.from, size, out);
    if (size % BLOCK > 0) await write(out, Buffer.alloc(BLOCK - (size % BLOCK)));
  }
  await write(out, Buffer.alloc(2 * BLOCK));
  out.end();
}

function sizeOf(entry: TarEntry): number {
  if (entry.kind === 'copy') return entry.size;
  return entry.kind === 'file' ? Buffer.byteLength(entry.content) : 0;
}

async function copy(from: string, size: number, out: Writable): Promise<void> {
  let seen = 0;
  for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) {
    seen += (chunk as Buffer).length;
    await write(out, chunk as Buffer);
  }
  if (seen !== size) throw new Error(`${from} changed while it was read: ${seen} bytes instead of ${size}`);
}

async function write(out: Writable, data: Buffer): Promise<void> {
  if (out.destroyed) throw new Error('the stream that takes the archive was closed');
  if (data.length > 0 && !out.write(data)) await once(out, 'drain');
}

function header(entry: TarEntry, size: number): Buffer {
  const path = entry.kind === 'folder' ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(path) > 100) throw new Error(`path too long for the archive (100 bytes): ${path}`);
  const owner = entry.kind === 'folder' ? (entry.owner ?? 0) : 0;
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0);
  block.write(octal(entry.kind === 'link' ? 0o777 : entry.mode, 8), 100);
  block.write(octal(owner, 8), 108);
  block.write(octal(owner, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write(TYPES[entry.kind], 156);
  if (entry.kind === 'link') block.write(entry.to, 157);
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148, 'latin1');
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\u0000`;
}
