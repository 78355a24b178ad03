/**
 * An image as the exact bytes a registry will hold: a folder with `manifest.json` and one file per blob, named by its
 * digest (what skopeo and podman call `dir:`). Made from what the engine exports, so the digest is known before any push.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, link, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { execa } from 'execa';
import { readJson } from '../toolchain/cache';
import { exists, sha256, sha256File, withLock, writeAtomically } from './folders';

export const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json';
const LAYER_TYPE = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

export interface Descriptor {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: string;
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly config?: { readonly Labels?: Readonly<Record<string, string>> | null; readonly [key: string]: unknown };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history?: readonly Readonly<Record<string, unknown>>[];
}

/** What of an image's `config` decides how a container runs; the rest names the machine that built it. */
const RUN_SETTINGS = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Healthcheck',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'Shell',
  'OnBuild',
];

interface ArchiveEntry {
  readonly Config: string;
  readonly Layers: readonly string[];
}

export function blobPath(layout: string, digest: string): string {
  return join(layout, digest.replace(/^sha256:/, ''));
}

/** Reads a `docker save` archive into a layout folder; returns the digest of its manifest. */
export async function importArchive(archive: string, layout: string, cache: string): Promise<string> {
  const unpacked = `${archive}.d`;
  await mkdir(unpacked, { recursive: true });
  await execa('tar', ['-xf', archive, '-C', unpacked]);
  const entries = JSON.parse(await readFile(join(unpacked, 'manifest.json'), 'utf8')) as ArchiveEntry[];
  const entry = entries[0];
  if (entry === undefined || entries.length !== 1)
    throw new Error(`${archive} holds ${entries.length} images instead of one`);

  await mkdir(layout, { recursive: true });
  const config = JSON.parse(await readFile(join(unpacked, entry.Config), 'utf8')) as ImageConfig;
  if (config.rootfs.diff_ids.length !== entry.Layers.length) {
    throw new Error(
      `${archive}: ${entry.Layers.length} layers but ${config.rootfs.diff_ids.length} in the configuration`,
    );
  }
  const layers: Descriptor[] = [];
  for (const [index, layer] of entry.Layers.entries()) {
    layers.push(await addLayer(join(unpacked, layer), config.rootfs.diff_ids[index] ?? '', layout, cache));
  }
  const configText = Buffer.from(JSON.stringify(reproducible(config)));
  const configDigest = `sha256:${sha256(configText)}`;
  await writeFile(blobPath(layout, configDigest), configText);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, size: configText.length, digest: configDigest },
    layers,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await writeFile(join(layout, 'manifest.json'), bytes);
  await writeFile(join(layout, 'version'), 'Directory Transport Version: 1.1\n');
  await rm(unpacked, { recursive: true, force: true });
  return `sha256:${sha256(bytes)}`;
}

export async function readManifest(layout: string): Promise<{ bytes: Buffer; manifest: Manifest; digest: string }> {
  const bytes = await readFile(join(layout, 'manifest.json'));
  return { bytes, manifest: JSON.parse(bytes.toString()) as Manifest, digest: `sha256:${sha256(bytes)}` };
}

export async function readImageConfig(layout: string): Promise<ImageConfig> {
  const { manifest } = await readManifest(layout);
  return JSON.parse(await readFile(blobPath(layout, manifest.config.digest), 'utf8')) as ImageConfig;
}

/** Whether every byte that the manifest promises is there, by size; content is checked while it is sent. */
export async function isWhole(layout: string, digest: string): Promise<boolean> {
  try {
    const found = await readManifest(layout);
    if (found.digest !== digest) return false;
    for (const blob of [found.manifest.config, ...found.manifest.layers]) {
      if ((await stat(blobPath(layout, blob.digest))).size !== blob.size) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** The same build gives the same configuration: no host name, no container id, no clock of the build. */
export function reproducible({
  architecture,
  os,
  config = {},
  rootfs,
  history = [],
}: ImageConfig): ImageConfig & { created: string } {
  const settings = RUN_SETTINGS.filter((key) => !isEmpty(config[key])).map((key) => [key, config[key]]);
  const steps = history.map(({ created, created_by, empty_layer }) => ({ created, created_by, empty_layer }));
  return {
    architecture,
    os,
    created: '1970-01-01T00:00:00Z',
    config: Object.fromEntries(settings),
    rootfs: { type: rootfs.type, diff_ids: rootfs.diff_ids },
    history: steps,
  };
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

/** Layers are compressed once and kept by what they hold: the base's large one is shared by all images on it. */
async function addLayer(tar: string, diffId: string, layout: string, cache: string): Promise<Descriptor> {
  if (await isGzip(tar)) {
    const digest = `sha256:${await sha256File(tar)}`;
    await rename(tar, blobPath(layout, digest));
    return { mediaType: LAYER_TYPE, size: (await stat(blobPath(layout, digest))).size, digest };
  }
  const actual = `sha256:${await sha256File(tar)}`;
  if (actual !== diffId) throw new Error(`layer ${tar} is ${actual}; the image's configuration says ${diffId}`);
  const name = diffId.replace('sha256:', '');
  const kept = join(cache, 'layers', `${name}.tar.gz`);
  const descriptor = await withLock(cache, `layer-${name.slice(0, 16)}`, async () => {
    const known = await readJson<Descriptor>(`${kept}.json`);
    if (known !== undefined && (await exists(kept)) && (await stat(kept)).size === known.size) return known;
    const made = await compress(tar, kept);
    await writeAtomically(`${kept}.json`, JSON.stringify(made));
    return made;
  });
  const blob = blobPath(layout, descriptor.digest);
  await rm(blob, { force: true });
  await link(kept, blob).catch(() => copyFile(kept, blob));
  return descriptor;
}

async function compress(tar: string, to: string): Promise<Descriptor> {
  await mkdir(dirname(to), { recursive: true });
  const partial = `${to}.part`;
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const input = createReadStream(tar, { highWaterMark: 1 << 20 });
  await pipeline(input, createGzip({ level: 6, chunkSize: 1 << 18 }), measure, createWriteStream(partial));
  await rename(partial, to);
  return { mediaType: LAYER_TYPE, size, digest: `sha256:${hash.digest('hex')}` };
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}
