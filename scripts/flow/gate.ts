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
  if (override !== undefined) {
    session.reporter.info(`The gate is ${override ? 'opened' : 'closed'} by hand (images ready: ${override}).`);
    return override;
  }
  refuseUnknownDigests(session, status);
  return undefined;
}

/** A lock that names bytes which the registry lacks would deploy tasks that can never start. */
function refuseUnknownDigests({ system, environment }: Session, status: ImagesStatus): void {
  const lost = Object.entries(status.services).filter(
    ([, service]) => service.digest !== null && service.inRegistry === false,
  );
  if (lost.length === 0) return;
  throw new UserError(
    [
      `${status.lock} names digests that the registry of ${environment} lacks:`,
      ...lost.map(([name, { digest }]) => `  - ${name} ${digest}`),
      'Nothing was changed.',
    ].join('\n'),
    { remedy: `./sluice images push ${system.name} ${environment}` },
  );
}

export function parseFlag(value: string | undefined): boolean | undefined {
  if (value === undefined || value === '') return undefined;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new UsageError(`IMAGES_READY is "${value}"; allowed: true, false`);
}
