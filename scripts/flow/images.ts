/** A session's images: the functions of `scripts/images` with this environment's registry and container engine. */
import { rmSync } from 'node:fs';
import { lockPath } from '../../environments/lock';
import {
  buildServices,
  lockRequest,
  pushServices,
  rollBackImages,
  statusOfImages,
  type BuildOptions,
  type PushOutcome,
  type RegistryAccess,
} from '../images/index';
import type { BuiltImage } from '../images/build';
import { closeRepository, openRepository, repositoryExists } from '../images/repository';
import type { ImagesStatus } from '../images/status';
import type { Connection } from '../session/connect';
import type { Session } from '../session/session';
import { ensureContainers } from '../toolchain/index';

export type { ImagesStatus } from '../images/status';

export async function readImagesStatus(session: Session, connection: Connection): Promise<ImagesStatus> {
  return statusOfImages(session, registryOf(connection), await ensureContainers(session.reporter));
}

export async function buildImages(session: Session, options: BuildOptions = {}): Promise<BuiltImage[]> {
  const containers = await ensureContainers(session.reporter);
  return session.reporter.step(`build the images of ${session.system.name}`, () =>
    buildServices(session, containers, options),
  );
}

export async function buildAndPush(
  session: Session,
  connection: Connection,
  options: BuildOptions = {},
): Promise<PushOutcome> {
  const built = await buildImages(session, options);
  return session.reporter.step('push the images', () => pushServices(session, built, registryOf(connection)));
}

/** The previous lock becomes the current one. */
export function restorePreviousLock(session: Session, connection: Connection) {
  return rollBackImages(session, registryOf(connection));
}

/** After a destroy the registry is gone, and with it what the lock speaks of. */
export function forgetLock(session: Session): void {
  rmSync(lockPath(lockRequest(session)), { force: true });
}

/** Phase 1 makes the repositories; before that nothing can be pushed. */
export async function repositoriesExist(session: Session, connection: Connection): Promise<boolean> {
  const { environment, system, target, account, region } = session;
  const found = await Promise.all(
    Object.values(system.services).map(async ({ repository }) => {
      const place = { target, system: system.name, environment, account, region, ...registryOf(connection) };
      const opened = openRepository({ ...place, name: repository(environment) });
      return repositoryExists(opened).finally(() => closeRepository(opened));
    }),
  );
  return found.every(Boolean);
}

function registryOf({ clients, cloud }: Connection): RegistryAccess {
  return { clients, registry: cloud?.registry };
}
