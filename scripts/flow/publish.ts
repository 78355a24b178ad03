/** Files beside the stack, such as a page: put after an apply of phase 2, and only what differs. */
import { requireConsent } from '../console/ask';
import type { Connection } from '../session/connect';
import type { Session } from '../session/session';
import { operations } from '../systems/index';

export interface PublishOptions {
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Somebody has said yes to changing this environment in the same command. */
  readonly consented: boolean;
}

/** The lines of what was put and removed; none where the system has no such files. */
export async function publish(
  session: Session,
  { clients }: Connection,
  { outputs, consented }: PublishOptions,
): Promise<readonly string[]> {
  const prepare = operations[session.system.name].publish;
  if (prepare === undefined) return [];
  const publication = await session.reporter.step('compare the published files', () =>
    prepare({ session, clients, outputs }),
  );
  const { changes } = publication;
  if (changes.length === 0) return [];
  changes.forEach((line) => session.reporter.info(`  ${line}`));
  if (session.target === 'aws' && !consented) {
    await requireConsent({
      question: `This publishes ${changes.length} changed files of ${session.system.name} ${session.environment} in AWS account ${session.account}.`,
      word: session.environment,
      yes: session.yes,
    });
  }
  await session.reporter.step(`publish ${changes.length} changes`, (update) => publication.apply(update));
  return changes;
}
