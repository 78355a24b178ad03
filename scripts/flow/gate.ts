/**
 * Is the gate open? For every service the environment's lock must name a digest that the environment's own registry
 * holds. A flag may say otherwise for people and pipelines that want the classic `images_ready`.
 */
import { UsageError, UserError } from '../console/errors';
import { readImagesStatus, type ImagesStatus } from './images';
import type { Connection } from '../session/connect';
import type { Session } from '../session/session';

/** What to synthesise with: `undefined` lets the lock decide, which by then is known to be true to the registry. */
export async function resolveGate(
  session: Session,
  connection: Connection,
  flag?: boolean,
): Promise<boolean | undefined> {
  const override = flag ?? parseFlag(process.env['IMAGES_READY']);
  const status = await readImagesStatus(session, connection);
  if (override !== false) refuseMissingImages(session, status, override === true);
  if (override !== undefined) {
    session.reporter.info(`The gate is ${override ? 'opened' : 'closed'} by hand (images ready: ${override}).`);
  }
  return override;
}

/**
 * A lock that names bytes which the registry lacks would deploy functions and tasks that can never start. A service that
 * the lock does not name yet keeps the gate closed, unless it is to be opened by hand.
 */
export function refuseMissingImages(
  { system, environment }: Pick<Session, 'system' | 'environment'>,
  status: ImagesStatus,
  opened: boolean,
): void {
  const missing = Object.entries(status.services).filter(([, { digest, inRegistry }]) =>
    digest === null ? opened : inRegistry === false,
  );
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name);
  const all = Object.keys(status.services).length;
  throw new UserError(
    [
      `Phase 2 of ${system.name} ${environment} needs ${all === 1 ? 'its image' : `all ${all} images`}; missing:`,
      ...missing.map(([name, { digest }]) => {
        const repository = system.services[name]?.repository(environment) ?? 'its repository';
        return digest === null
          ? `  - ${name}: nothing was pushed to ${repository}`
          : `  - ${name}: ${repository} lacks ${digest}, which ${status.lock} names`;
      }),
      'Nothing was changed.',
    ].join('\n'),
    { remedy: `./sluice images push ${system.name} ${environment} --service ${names.join(' ')}` },
  );
}

export function parseFlag(value: string | undefined): boolean | undefined {
  if (value === undefined || value === '') return undefined;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new UsageError(`IMAGES_READY is "${value}"; allowed: true, false`);
}
