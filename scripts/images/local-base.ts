/**
 * The base images for machines that reach no container registry: this machine's own Node.js, the shared libraries it
 * needs and a handful of files, on nothing else; for functions also what Lambda's own base brings to run a handler. For
 * rehearsals only; the label says so, and pushes to AWS refuse it.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import type { Reporter } from '../console/reporter';
import { UserError } from '../console/errors';
import { readJson } from '../toolchain/cache';
import { engineSucceeds, runEngine, type BuildEngine } from './engine';
import { exists, sha256, sha256File, withLock, withWorkFolder, writeAtomically } from './folders';
import { lambdaConfig, lambdaEntries, lambdaRuntime } from './lambda-base';
import { writeTar, type TarEntry } from './tar';

/** Raise it when the content of the base changes by other means than the machine's files. */
const RECIPE = 2;
export const BASE_LABEL = 'sluice.base';
export const LOCAL_BASE = 'localhost/sluice/base';
const NODE_USER = 1000;
const CERTIFICATES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** What stands on it: any program of Node.js, or a Lambda function. */
export type LocalBaseKind = 'node' | 'lambda';

export interface LocalBase {
  /** Name in the container engine's own store. */
  readonly reference: string;
  /** Names the content; known before anything is built. */
  readonly key: string;
  /** Digest of the image's configuration. */
  readonly digest: string;
}

interface BaseFile {
  readonly path: string;
  readonly from: string;
  readonly mode: number;
}

interface Description {
  readonly kind: LocalBaseKind;
  readonly key: string;
  readonly files: readonly BaseFile[];
  /** Code of the Lambda stand-in, where it belongs to the base. */
  readonly runtime: string | undefined;
}

/** What the base would hold; the same machine gives the same identity without anything being built. */
export async function describeLocalBase(folder: string, kind: LocalBaseKind = 'node'): Promise<Description> {
  const files = await machineFiles();
  const hashes = await fileHashes(folder, files);
  const runtime = kind === 'lambda' ? await lambdaRuntime() : undefined;
  const content = [RECIPE, files.map(({ path, mode }, index) => [path, mode, hashes[index]])];
  const key = sha256(JSON.stringify(runtime === undefined ? content : [...content, runtime, lambdaConfig]));
  return { kind, key, files, runtime };
}

export async function ensureLocalBase(
  reporter: Reporter,
  folder: string,
  engine: BuildEngine,
  kind: LocalBaseKind = 'node',
): Promise<LocalBase> {
  const description = await describeLocalBase(folder, kind);
  const { key } = description;
  const reference = `${LOCAL_BASE}:${kind}-${process.versions.node}-${key.slice(0, 12)}`;
  return withLock(folder, `base-${key.slice(0, 16)}`, async () => {
    const archive = join(folder, 'base', `${key}.tar`);
    const digest = await archiveDigest(archive);
    if (digest !== undefined && (await engineSucceeds(engine, ['image', 'inspect', reference])))
      return { reference, key, digest };
    const what = kind === 'lambda' ? 'local base image of functions' : 'local base image';
    return reporter.step(`${what} (Node ${process.versions.node})`, async (update) => {
      const made = digest ?? (await writeArchive(folder, archive, reference, description, update));
      update('loading it into the container engine');
      await runEngine(engine, ['load', '--input', archive], { timeoutSeconds: 300 });
      return { reference, key, digest: made };
    });
  });
}

async function archiveDigest(archive: string): Promise<string | undefined> {
  if (!(await exists(archive))) return undefined;
  return (await readJson<{ digest: string }>(`${archive}.json`))?.digest;
}

/** One layer and its configuration in the format that `docker load` and `podman load` take. */
async function writeArchive(
  folder: string,
  archive: string,
  reference: string,
  description: Description,
  update: (line: string) => void,
): Promise<string> {
  await mkdir(dirname(archive), { recursive: true });
  return withWorkFolder(folder, async (work) => {
    update('collecting Node.js and its libraries');
    const layer = join(work, 'layer.tar');
    const diffId = await writeHashed(await layerEntries(description), layer);
    const config = JSON.stringify(imageConfig(`sha256:${diffId}`, description.kind));
    const digest = sha256(config);
    const manifest = [{ Config: `${digest}.json`, RepoTags: [reference], Layers: [`${diffId}.tar`] }];
    const whole = join(work, 'image.tar');
    const entries: TarEntry[] = [
      { path: `${diffId}.tar`, kind: 'copy', mode: 0o644, from: layer, size: (await stat(layer)).size },
      { path: `${digest}.json`, kind: 'file', mode: 0o644, content: config },
      { path: 'manifest.json', kind: 'file', mode: 0o644, content: JSON.stringify(manifest) },
    ];
    await writeHashed(entries, whole);
    await rename(whole, archive);
    await writeAtomically(`${archive}.json`, JSON.stringify({ digest: `sha256:${digest}` }));
    return `sha256:${digest}`;
  });
}

async function writeHashed(entries: readonly TarEntry[], path: string): Promise<string> {
  const hash = createHash('sha256');
  const out = new PassThrough({ highWaterMark: 1 << 20 });
  const written = pipeline(
    out,
    async function* (chunks) {
      for await (const chunk of chunks) {
        hash.update(chunk as Buffer);
        yield chunk as Buffer;
      }
    },
    createWriteStream(path),
  );
  await Promise.all([writeTar(entries, out), written]);
  return hash.digest('hex');
}

async function layerEntries({ files, runtime }: Description): Promise<TarEntry[]> {
  const entries = new Map<string, TarEntry>();
  const folder = (path: string, mode = 0o755, owner = 0): void => {
    const parent = dirname(path);
    if (parent !== '.' && !entries.has(parent)) folder(parent);
    entries.set(path, { path, kind: 'folder', mode, owner });
  };
  const add = (entry: TarEntry): void => {
    const parent = dirname(entry.path);
    if (parent !== '.' && !entries.has(parent)) folder(parent);
    entries.set(entry.path, entry);
  };
  const text = (path: string, content: string): void => add({ path, kind: 'file', mode: 0o644, content });

  folder('app');
  folder('home/node', 0o755, NODE_USER);
  folder('root', 0o700);
  folder('tmp', 0o1777);
  folder('var/tmp', 0o1777);
  folder('run');
  folder('proc');
  folder('sys');
  folder('dev');
  text('etc/passwd', `root:x:0:0:root:/root:/bin/sh\nnode:x:${NODE_USER}:${NODE_USER}::/home/node:/bin/sh\n`);
  text('etc/group', `root:x:0:\nnode:x:${NODE_USER}:\n`);
  text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n');
  text('etc/os-release', 'ID=sluice-base\nNAME="Sluice local base"\nPRETTY_NAME="Sluice local base"\n');
  for (const { path, from, mode } of files) {
    add({ path: path.slice(1), kind: 'copy', mode, from, size: (await stat(from)).size });
  }
  if (runtime !== undefined) for (const entry of lambdaEntries(runtime)) add(entry);
  if (entries.has('usr/share/zoneinfo/Etc/UTC'))
    add({ path: 'etc/localtime', kind: 'link', to: '/usr/share/zoneinfo/Etc/UTC' });
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function imageConfig(diffId: string, kind: LocalBaseKind) {
  const created = '1970-01-01T00:00:00Z';
  const lambda = kind === 'lambda' ? lambdaConfig : undefined;
  return {
    architecture: 'amd64',
    os: 'linux',
    created,
    config: {
      Env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        `NODE_VERSION=${process.versions.node}`,
        // This machine's Node.js is what it is; the SDK need not say so at every start.
        'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true',
        ...(lambda?.Env ?? []),
      ],
      ...(lambda === undefined ? {} : { Entrypoint: lambda.Entrypoint }),
      Cmd: lambda?.Cmd ?? ['node'],
      WorkingDir: lambda?.WorkingDir ?? '/',
      Labels: { [BASE_LABEL]: 'local' },
    },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, created_by: 'sluice local base' }],
  };
}

/** Node.js, a shell, what both need, and the few data files that name resolution and TLS ask for. */
async function machineFiles(): Promise<BaseFile[]> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UserError(
      `No local base image can be made on ${process.platform}/${process.arch}: images are linux/x64.`,
      {
        remedy: 'Give a base image that this machine can pull: SLUICE_BASE_IMAGE=<registry>/<image>@sha256:...',
      },
    );
  }
  const node = await realpath(process.execPath);
  const shell = await realpath('/bin/sh').catch(() => undefined);
  const libraries = new Map<string, string>();
  for (const program of [node, ...(shell === undefined ? [] : [shell])]) {
    for (const library of await sharedLibraries(program)) libraries.set(library, await realpath(library));
  }
  // The C library loads these by name when it resolves hosts and users, so ldd does not list them.
  const home = [...libraries.keys()].find((path) => /\/libc\.so\.6$/.test(path));
  for (const name of home === undefined ? [] : ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']) {
    const path = join(dirname(home ?? ''), name);
    if (await exists(path)) libraries.set(path, await realpath(path));
  }
  const files: BaseFile[] = [
    { path: '/usr/local/bin/node', from: node, mode: 0o755 },
    ...[...libraries].map(([path, from]) => ({ path, from, mode: 0o755 })),
  ];
  if (shell !== undefined) files.push({ path: '/bin/sh', from: shell, mode: 0o755 });
  for (const path of CERTIFICATES) {
    if (!(await exists(path))) continue;
    files.push({ path: '/etc/ssl/certs/ca-certificates.crt', from: await realpath(path), mode: 0o644 });
    break;
  }
  const utc = '/usr/share/zoneinfo/Etc/UTC';
  if (await exists(utc)) files.push({ path: utc, from: await realpath(utc), mode: 0o644 });
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export async function sharedLibraries(program: string): Promise<string[]> {
  const { stdout, exitCode } = await execa('ldd', [program], { reject: false, env: { LC_ALL: 'C' } });
  return exitCode === 0 ? parseLdd(stdout, program) : [];
}

/** Paths in ldd's answer, as the loader will look for them. A program without libraries has none. */
export function parseLdd(text: string, program: string): string[] {
  const paths = new Set<string>();
  for (const line of text.split('\n')) {
    if (/=> not found/.test(line)) {
      throw new UserError(`${program} needs ${line.trim().split(' ')[0]}, which this machine does not have.`, {
        remedy: 'Mend the installation of Node.js, or give SLUICE_BASE_IMAGE.',
      });
    }
    const path = /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1];
    if (path !== undefined) paths.add(path);
  }
  return [...paths].sort();
}

/** Hashing 100 MB of Node.js takes a while; size and time of each file tell whether it has to be done again. */
async function fileHashes(folder: string, files: readonly BaseFile[]): Promise<string[]> {
  const memory = join(folder, 'base', 'hashes.json');
  const known = (await readJson<Record<string, string>>(memory)) ?? {};
  const seen: Record<string, string> = {};
  const hashes: string[] = [];
  for (const { from } of files) {
    const { size, mtimeMs, ino } = await stat(from);
    const stamp = `${from} ${size} ${mtimeMs} ${ino}`;
    const hash = known[stamp] ?? (await sha256File(from));
    seen[stamp] = hash;
    hashes.push(hash);
  }
  if (Object.keys(seen).some((stamp) => known[stamp] === undefined))
    await writeAtomically(memory, JSON.stringify(seen));
  return hashes;
}
