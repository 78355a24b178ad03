/**
 * Builds a service's image, once per content: bundle, base and Dockerfile decide the content hash, and a hash that is
 * in the cache is never built again. What comes out is a folder with the bytes to push.
 */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Reporter } from '../console/reporter';
import { readJson } from '../toolchain/cache';
import { ensureBase, type Base } from './base';
import { APP_FOLDER, bundleService, writeContext, type Bundle } from './bundle';
import { currentCommit } from './commit';
import { engineSucceeds, runEngine, type BuildEngine } from './engine';
import { imagesFolder, isRunning, sha256, withLock, withWorkFolder } from './folders';
import { importArchive, isWhole, readManifest } from './layout';
import { LOCAL_BASE } from './local-base';

export const PLATFORM = 'linux/amd64';
/** Raise it when the way of building changes the bytes. */
const RECIPE = 1;

export interface BuildRequest {
  readonly system: string;
  readonly service: string;
  /** Folder of the service. */
  readonly source: string;
  /** @default - as `service.json` says */
  readonly dockerfile?: string;
  /** Root of the repository. */
  readonly root: string;
  readonly version: string;
  readonly containers: BuildEngine;
  /** A base to use whatever the Dockerfile says. @default `SLUICE_BASE_IMAGE` */
  readonly base?: string;
  /** Other build arguments; they enter the content hash. @default - none */
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** False for images that go to AWS. @default true */
  readonly allowLocalBase?: boolean;
  /** Cache of images. @default - the user's */
  readonly folder?: string;
}

/** `image.json` beside the blobs. */
export interface ImageRecord {
  readonly system: string;
  readonly service: string;
  readonly contentHash: string;
  readonly digest: string;
  readonly version: string;
  readonly base: Base;
  readonly commit: string;
  readonly builtAt: string;
  readonly bytes: number;
}

export interface BuiltImage extends ImageRecord {
  /** Folder with `manifest.json` and the blobs. */
  readonly layout: string;
  /** It was in the cache. */
  readonly reused: boolean;
}

export async function buildImage(reporter: Reporter, request: BuildRequest): Promise<BuiltImage> {
  const { service, containers, folder = imagesFolder() } = request;
  const bundle = await bundleService(request);
  const dockerfile = dockerfileOf(bundle);
  const base = await ensureBase(reporter, {
    folder,
    engine: containers,
    base: request.base,
    allowLocal: request.allowLocalBase,
    dockerfile: { path: bundle.dockerfile, text: dockerfile },
  });
  const contentHash = contentHashOf(bundle, base.identity, request.buildArgs);
  const layout = join(folder, contentHash);
  const known = await knownImage(layout);
  if (known !== undefined) return known;

  return reporter.step(`build ${request.system}/${service}`, (update) => {
    const build = async (): Promise<BuiltImage> => {
      // Somebody else may have built it while this process waited for the lock.
      const made = await knownImage(layout);
      if (made !== undefined) return made;
      await withWorkFolder(folder, (work) =>
        make(request, { bundle, base, contentHash, layout, work, folder, update }),
      );
      const built = await knownImage(layout);
      if (built === undefined) throw new Error(`the image of ${service} is not whole after its build: ${layout}`);
      return { ...built, reused: false };
    };
    return withLock(folder, contentHash.slice(0, 24), build, update);
  });
}

/** Several services side by side; the first failure is reported after the others ended, so that no build is left running. */
export async function buildImages(reporter: Reporter, requests: readonly BuildRequest[]): Promise<BuiltImage[]> {
  const results: BuiltImage[] = [];
  const failures: unknown[] = [];
  const queue = [...requests.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, request] = next;
      try {
        results[index] = await buildImage(reporter, request);
      } catch (error) {
        failures.push(error);
        queue.length = 0;
      }
    }
  };
  const width = Math.min(requests.length, Math.max(2, Math.min(4, availableParallelism())));
  await Promise.all(Array.from({ length: width }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}

/** Everything that decides the image's content, and nothing else. */
export function contentHashOf(bundle: Bundle, baseIdentity: string, buildArgs: BuildRequest['buildArgs'] = {}): string {
  const args = Object.entries(buildArgs).sort(([a], [b]) => (a < b ? -1 : 1));
  const files = bundle.files.map(({ path, content }) => [path, sha256(content)]);
  return sha256(JSON.stringify([RECIPE, PLATFORM, baseIdentity, args, files]));
}

export function dockerfileOf(bundle: Bundle): string {
  return bundle.files.find((file) => file.path === 'Dockerfile')?.content.toString() ?? '';
}

/** The image in the cache, if every byte of it is there. */
export async function knownImage(layout: string): Promise<BuiltImage | undefined> {
  const record = await readJson<ImageRecord>(join(layout, 'image.json'));
  if (record === undefined || !(await isWhole(layout, record.digest))) return undefined;
  return { ...record, layout, reused: true };
}

interface Making {
  readonly bundle: Bundle;
  readonly base: Base;
  readonly contentHash: string;
  readonly layout: string;
  readonly work: string;
  readonly folder: string;
  readonly update: (line: string) => void;
}

async function make(
  request: BuildRequest,
  { bundle, base, contentHash, layout, work, folder, update }: Making,
): Promise<void> {
  const context = join(work, 'context');
  await mkdir(join(context, APP_FOLDER), { recursive: true });
  await writeContext(bundle, context);
  const archive = join(work, 'image.tar');
  const tag = `localhost/sluice/build:${contentHash.slice(0, 24)}`;
  const buildArgs = { ...request.buildArgs, BASE_IMAGE: base.reference };
  const args = Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const build = { engine: request.containers, context, archive, tag, base, args, update };
  await (request.containers.kind === 'docker' ? buildWithDocker(build) : buildWithPodman(build, folder));

  update('writing the image to the cache');
  const result = join(work, 'result');
  const digest = await importArchive(archive, result, folder);
  const { manifest } = await readManifest(result);
  const record: ImageRecord = {
    system: request.system,
    service: request.service,
    contentHash,
    digest,
    version: bundle.version,
    base,
    commit: await currentCommit(request.root),
    builtAt: new Date().toISOString(),
    bytes: manifest.config.size + manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
  };
  await writeFile(join(result, 'image.json'), `${JSON.stringify(record, null, 2)}\n`);
  await rm(layout, { recursive: true, force: true });
  await rename(result, layout);
  const maps = join(folder, 'sourcemaps');
  await mkdir(maps, { recursive: true });
  await writeFile(join(maps, `${contentHash}.map`), bundle.sourceMap);
}

interface EngineBuild {
  readonly engine: BuildEngine;
  readonly context: string;
  readonly archive: string;
  readonly tag: string;
  readonly base: Base;
  /** Build arguments as the command line takes them. */
  readonly args: readonly string[];
  readonly update: (line: string) => void;
}

async function buildWithPodman(
  { engine, context, archive, tag, base, args: given, update }: EngineBuild,
  folder: string,
): Promise<void> {
  await removeLeftovers(engine, base.reference, folder);
  const args = ['build', '--isolation', 'chroot', '--format', 'docker', '--timestamp', '0', '--layers=false'];
  args.push('--identity-label=false', '--pull=false', '--platform', PLATFORM, '--force-rm');
  args.push(...given, '--tag', tag, context);
  try {
    await runEngine(engine, args, { onLine: update });
    await runEngine(engine, ['save', '--format', 'docker-archive', '--output', archive, tag]);
  } finally {
    await engineSucceeds(engine, ['rmi', '--force', tag]);
  }
}

/** BuildKit's own exporter: `docker save` would lose the fixed times. */
async function buildWithDocker({ engine, context, archive, tag, args: given, update }: EngineBuild): Promise<void> {
  const args = ['build', '--platform', PLATFORM, '--provenance=false', '--sbom=false', '--progress', 'plain'];
  args.push(...given, '--build-arg', 'SOURCE_DATE_EPOCH=0', '--tag', tag);
  args.push('--output', `type=docker,dest=${archive},rewrite-timestamp=true`, context);
  await runEngine({ ...engine, env: { ...engine.env, DOCKER_BUILDKIT: '1' } }, args, { onLine: update });
}

const LEFTOVER_SECONDS = 15 * 60;

/** Working containers of builds that were killed: named by the engine after our base, and older than any build takes. */
async function removeLeftovers(engine: BuildEngine, base: string, folder: string): Promise<void> {
  const owners = await readdir(join(folder, 'work')).catch(() => []);
  if (owners.some((name) => Number(name.split('-')[0]) !== process.pid && isRunning(Number(name.split('-')[0]))))
    return;
  const list = await runEngine(engine, ['ps', '--all', '--external', '--format', 'json'], { timeoutSeconds: 60 });
  const containers = JSON.parse(list || '[]') as {
    Id: string;
    Image: string;
    Status: string;
    Created: number;
    Names: string[];
  }[];
  for (const { Id, Image, Status, Created, Names } of containers) {
    const ours = Image.startsWith(LOCAL_BASE) || Image === base;
    const building = Names.some((name) => name.includes('-working-container'));
    const old = Date.now() / 1000 - Created > LEFTOVER_SECONDS;
    if (ours && building && old && /storage/i.test(Status)) await engineSucceeds(engine, ['rm', '--force', Id]);
  }
}
