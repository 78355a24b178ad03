/**
 * A folder as a zip archive, made of its contents alone: sorted names, one time for all, no owner. The same contents give
 * the same hash on every machine, and the same bytes on every machine with the same Node.js. Pure but for reading.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

export interface ArchiveFile {
  /** Inside the archive, with slashes. */
  readonly path: string;
  readonly data: Buffer;
}

/** Every file below a folder, in the order of their paths. */
export function readFolder(folder: string): ArchiveFile[] {
  const below = (path: string): ArchiveFile[] =>
    readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry) => {
      const inner = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) return below(inner);
      if (!entry.isFile()) throw new Error(`${join(folder, inner)} is neither a file nor a folder`);
      return [{ path: inner, data: readFileSync(join(folder, inner)) }];
    });
  return sorted(below(''));
}

/** SHA-256 over names and contents. Not over the archive: compression differs from one Node.js to another. */
export function contentHash(files: readonly ArchiveFile[]): Buffer {
  const whole = createHash('sha256');
  for (const { path, data } of sorted(files)) {
    whole.update(`${Buffer.byteLength(path)}:${path}${data.length}:`).update(data);
  }
  return whole.digest();
}

const VERSION = 20;
/** Names in UTF-8. */
const FLAGS = 0x0800;
const DEFLATED = 8;
/** 1 January 1980, the first day that the format knows, at midnight. */
const DATE = 0x0021;
/** A regular file that everybody may read, as Unix says it: Lambda runs the code as another user than it unpacks it. */
const MODE = 0o100644;
const UNIX = 3;

export function zipOf(files: readonly ArchiveFile[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, data } of sorted(files)) {
    const name = Buffer.from(path, 'utf8');
    const packed = deflateRawSync(data, { level: 9 });
    const common = Buffer.concat([
      shorts(VERSION, FLAGS, DEFLATED, 0, DATE),
      longs(crc32(data), packed.length, data.length),
      shorts(name.length, 0),
    ]);
    const body = Buffer.concat([longs(0x04034b50), common, name, packed]);
    directory.push(
      Buffer.concat([
        longs(0x02014b50),
        shorts((UNIX << 8) | VERSION),
        common,
        shorts(0, 0, 0),
        longs(MODE * 0x10000, offset),
        name,
      ]),
    );
    bodies.push(body);
    offset += body.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.concat([
    longs(0x06054b50),
    shorts(0, 0, directory.length, directory.length),
    longs(index.length, offset),
    shorts(0),
  ]);
  return Buffer.concat([...bodies, index, end]);
}

function shorts(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, place) => bytes.writeUInt16LE(value, place * 2));
  return bytes;
}

function longs(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, place) => bytes.writeUInt32LE(value, place * 4));
  return bytes;
}

function sorted(files: readonly ArchiveFile[]): ArchiveFile[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
