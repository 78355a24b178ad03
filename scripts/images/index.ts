/** What the commands do with images, for one system in one environment: build, push, status, promote, roll back. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ImagesLock, ServiceLock } from '../../environments/lock';
import type { Environment, Target } from '../../environments/schema';
import type { Reporter } from '../console/reporter';
import { UsageError, UserError } from '../console/errors';
import { repositoryRoot, sluiceHome } from '../session/folders';
import { buildImages, type BuildRequest, type BuiltImage } from './build';
import type { BuildEngine } from './engine';
import { previousLock, readLock, updateLock, writeLock, type LockRequest } from './lock';
import { copyImage, pushImage, type PushResult } from './push';
import { closeRepository, isInRegistry, openRepository, type Repository, type RepositoryRequest } from './repository';
import { imagesStatus, type ImagesStatus } from './status';

/** A service of a system that ships as an image. */
export interface ImageService {
  /** Folder of the service, from the root of the repository. */
  readonly context: string;
  /** From the root of the repository. @default `<context>/Dockerfile` */
  readonly dockerfile?: string;
  readonly repository: (environment: Environment) => string;
}

/** One system in one environment; an operator's session is one. */
export interface ImagesScope {
  readonly system: { readonly name: string; readonly services: Readonly<Record<string, ImageService>> };
  readonly environment: Environment;
  readonly target: Target;
  readonly account: string;
  readonly region: string;
  readonly reporter: Reporter;
}

/** How an environment's registry is reached. */
export interface RegistryAccess {
  readonly clients: RepositoryRequest['clients'];
  /** `host:port` of the local cloud's registry. */
  readonly registry?: string;
}

export interface BuildOptions {
  /** @default - all services of the system */
  readonly services?: readonly string[];
  /** A base image to use whatever the Dockerfiles say. @default `SLUICE_BASE_IMAGE` */
  readonly base?: string;
  /** Other build arguments of the Dockerfiles, such as a release label. @default - none */
  readonly buildArgs?: Readonly<Record<string, string>>;
}

export interface PushOutcome {
  readonly lock: string;
  readonly changed: boolean;
  readonly services: Readonly<Record<string, PushResult>>;
}

export async function buildServices(
  scope: ImagesScope,
  containers: BuildEngine,
  options: BuildOptions = {},
): Promise<BuiltImage[]> {
  const requests = await buildRequests(scope, containers, options);
  return buildImages(scope.reporter, requests);
}

/** Pushes what changed and writes the lock; images that are there already are left alone. */
export async function pushServices(
  scope: ImagesScope,
  built: readonly BuiltImage[],
  access: RegistryAccess,
): Promise<PushOutcome> {
  const request = lockRequest(scope);
  // A damaged lock is reported before anything is sent.
  await readLock(request);
  const results: Record<string, PushResult> = {};
  const entries: Record<string, ServiceLock> = {};
  const pushed: string[] = [];
  await withRepositories(scope, access, async (repositories) => {
    for (const image of built) {
      const repository = repositoryOf(repositories, image.service);
      const result = await pushImage(scope.reporter, image, repository, pushed);
      pushed.push(repository.name);
      results[image.service] = result;
      const { contentHash, commit, builtAt } = image;
      entries[image.service] = { digest: result.digest, contentHash, commit, builtAt };
    }
  });
  const { path, changed } = await updateLock(request, entries);
  return { lock: path, changed, services: results };
}

export async function statusOfImages(
  scope: ImagesScope,
  access?: RegistryAccess,
  containers?: BuildEngine,
): Promise<ImagesStatus> {
  const builds =
    containers === undefined
      ? undefined
      : Object.fromEntries((await buildRequests(scope, containers)).map((build) => [build.service, build]));
  const lock = lockRequest(scope);
  if (access === undefined) return imagesStatus({ lock, builds });
  return withRepositories(scope, access, (repositories) => imagesStatus({ lock, repositories, builds }));
}

/**
 * The same bytes and the same lock entries in the next environment. Both environments are of one system.
 * @public
 */
export async function promoteImages(
  from: { readonly scope: ImagesScope; readonly access: RegistryAccess },
  to: { readonly scope: ImagesScope; readonly access: RegistryAccess },
): Promise<PushOutcome> {
  const { system, environment, reporter } = from.scope;
  if (
    system.name !== to.scope.system.name ||
    (environment === to.scope.environment && from.scope.target === to.scope.target)
  ) {
    throw new UsageError(`Images are promoted from one environment of ${system.name} to another one.`);
  }
  const source = await readLock({ ...lockRequest(from.scope), complete: true });
  if (source === undefined) {
    throw new UserError(`${system.name} ${environment} has no lock of images; there is nothing to promote.`, {
      remedy: `Push first: ./sluice images push ${system.name} ${environment}`,
    });
  }
  const request = lockRequest(to.scope);
  await readLock(request);
  const results: Record<string, PushResult> = {};
  await withRepositories(from.scope, from.access, (sources) =>
    withRepositories(to.scope, to.access, async (targets) => {
      for (const [service, entry] of Object.entries(source.services)) {
        results[service] = await copyImage(
          reporter,
          repositoryOf(sources, service),
          repositoryOf(targets, service),
          entry,
        );
      }
    }),
  );
  const { path, changed } = await updateLock(request, source.services);
  return { lock: path, changed, services: results };
}

/** Makes the previous lock the current one, after asking the registry whether its images are still there. */
export async function rollBackImages(
  scope: ImagesScope,
  access: RegistryAccess,
): Promise<{ lock: string; origin: string; images: ImagesLock }> {
  const request = lockRequest(scope);
  const { lock, origin } = await previousLock({ ...request, complete: true });
  const gone = await withRepositories(scope, access, async (repositories) => {
    const found = await Promise.all(
      Object.entries(lock.services).map(async ([service, { digest }]) => {
        return (await isInRegistry(repositoryOf(repositories, service), digest)) ? [] : [`- ${service}: ${digest}`];
      }),
    );
    return found.flat();
  });
  if (gone.length > 0) {
    throw new UserError(
      `The previous lock (${origin}) names images that the registry no longer has:\n${gone.join('\n')}`,
      {
        remedy: 'Check out the commit of that lock, then build and push it: ./sluice images push',
      },
    );
  }
  const { path } = await writeLock(request, lock);
  return { lock: path, origin, images: lock };
}

export function lockRequest({
  target,
  system,
  environment,
}: Omit<ImagesScope, 'account' | 'region' | 'reporter'>): LockRequest {
  return {
    target,
    system: system.name,
    environment,
    home: sluiceHome(),
    root: repositoryRoot,
    services: Object.keys(system.services),
  };
}

async function buildRequests(
  { system, target }: ImagesScope,
  containers: BuildEngine,
  { services = Object.keys(system.services), base, buildArgs }: BuildOptions = {},
): Promise<BuildRequest[]> {
  const unknown = services.filter((name) => !Object.hasOwn(system.services, name));
  if (unknown.length > 0) {
    const known = Object.keys(system.services).join(', ');
    throw new UsageError(`${system.name} has no service ${unknown.join(', ')}; there is: ${known}`);
  }
  const { version } = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8')) as { version: string };
  return Object.entries(system.services)
    .filter(([name]) => services.includes(name))
    .map(([service, { context, dockerfile }]) => ({
      system: system.name,
      service,
      source: resolve(repositoryRoot, context),
      dockerfile: dockerfile === undefined ? undefined : resolve(repositoryRoot, dockerfile),
      root: repositoryRoot,
      version,
      containers,
      base,
      buildArgs,
      allowLocalBase: target === 'local',
    }));
}

async function withRepositories<T>(
  { system, environment, target, account, region }: ImagesScope,
  { clients, registry }: RegistryAccess,
  work: (repositories: Readonly<Record<string, Repository>>) => Promise<T>,
): Promise<T> {
  const open = Object.entries(system.services).map(([service, { repository }]): [string, Repository] => {
    const place = { target, system: system.name, environment, account, region, clients, registry };
    return [service, openRepository({ ...place, name: repository(environment) })];
  });
  try {
    return await work(Object.fromEntries(open));
  } finally {
    await Promise.all(open.map(([, repository]) => closeRepository(repository)));
  }
}

function repositoryOf(repositories: Readonly<Record<string, Repository>>, service: string): Repository {
  const repository = repositories[service];
  if (repository === undefined) throw new UsageError(`service "${service}" ships no image in this system`);
  return repository;
}
