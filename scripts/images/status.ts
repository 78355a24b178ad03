/** Where an environment stands with its images: what the lock names, what the registry has, what the source has become. */
import { lockPath, missingServices, type ServiceLock } from '../../environments/lock';
import { peekBaseIdentity } from './base';
import { contentHashOf, dockerfileOf, type BuildRequest } from './build';
import { bundleService } from './bundle';
import { imagesFolder } from './folders';
import { readLock, type LockRequest } from './lock';
import { isInRegistry, type Repository } from './repository';

export interface ServiceStatus {
  readonly digest: string | null;
  readonly contentHash: string | null;
  readonly commit: string | null;
  readonly builtAt: string | null;
  /** ECR lists the digest and the registry serves it; null when there is no registry to ask. */
  readonly inRegistry: boolean | null;
  /** The source differs from what the lock names; null when that cannot be told here (the base was never pulled, say). */
  readonly stale: boolean | null;
}

export interface ImagesStatus {
  readonly lock: string;
  readonly services: Readonly<Record<string, ServiceStatus>>;
  /** Every service has a digest, and this environment's registry has them all: the gate is open. */
  readonly ready: boolean;
}

export interface StatusRequest {
  readonly lock: LockRequest;
  /** One a service, by its name; undefined when the environment cannot be reached or should not be. */
  readonly repositories?: Readonly<Record<string, Repository>>;
  /** What a build would be asked to do, by service; without it nothing is said about staleness. */
  readonly builds?: Readonly<Record<string, BuildRequest>>;
}

export async function imagesStatus(request: StatusRequest): Promise<ImagesStatus> {
  const lock = await readLock(request.lock);
  const names = [...request.lock.services].sort();
  const entries = await Promise.all(
    names.map(async (name): Promise<[string, ServiceStatus]> => {
      const entry = lock?.services[name];
      const [inRegistry, stale] = await Promise.all([
        entry === undefined ? false : presence(entry, request.repositories?.[name]),
        staleness(entry, request.builds?.[name]),
      ]);
      const { digest = null, contentHash = null, commit = null, builtAt = null } = entry ?? {};
      return [name, { digest, contentHash, commit, builtAt, inRegistry, stale }];
    }),
  );
  const complete = missingServices(lock, names).length === 0;
  const ready = complete && entries.every(([, { inRegistry }]) => inRegistry === true);
  return { lock: lockPath(request.lock), services: Object.fromEntries(entries), ready };
}

async function presence({ digest }: ServiceLock, repository: Repository | undefined): Promise<boolean | null> {
  return repository === undefined ? null : isInRegistry(repository, digest);
}

async function staleness(entry: ServiceLock | undefined, build: BuildRequest | undefined): Promise<boolean | null> {
  if (entry === undefined || build === undefined) return null;
  const current = await currentContentHash(build);
  return current === undefined ? null : current !== entry.contentHash;
}

/** The content hash that a build would have now, without building or pulling anything. */
export async function currentContentHash(build: BuildRequest): Promise<string | undefined> {
  const bundle = await bundleService(build);
  const identity = await peekBaseIdentity({
    folder: build.folder ?? imagesFolder(),
    engine: build.containers,
    base: build.base,
    dockerfile: { path: bundle.dockerfile, text: dockerfileOf(bundle) },
  });
  return identity === undefined ? undefined : contentHashOf(bundle, identity, build.buildArgs);
}
