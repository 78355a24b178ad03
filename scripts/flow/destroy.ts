/** Takes an environment away and leaves nothing of it: what its stores hold, the stack, run-time leftovers, log groups. */
import { requireConsent } from '../console/ask';
import { UserError } from '../console/errors';
import type { ClientSettings, Connection } from '../session/connect';
import type { Session } from '../session/session';
import { operations } from '../systems/index';
import {
  count,
  countContents,
  describeContents,
  emptyBucket,
  emptyRepository,
  groupPrefixes,
  listLogGroups,
  removeLogGroups,
  type StackContents,
} from './contents';
import { openApplied, recoverStack } from './deploy';
import { forgetLock } from './images';

export interface DestroyOptions {
  readonly unprotect?: boolean;
  readonly keepSecrets?: boolean;
}

export async function destroy(session: Session, connection: Connection, options: DestroyOptions) {
  const { system, environment, reporter, target } = session;
  const { clients } = connection;
  const settings = system.environments[environment];
  if (settings.protected && options.unprotect !== true) {
    throw new UserError(`${session.stackName} is protected: destroy is refused. Nothing was changed.`, {
      remedy:
        'If it really must go: switch off its deletion protection in environments/, deploy, then destroy with --unprotect.',
    });
  }
  const stack = await openApplied(session, connection);
  await stack.settle();
  await recoverStack(session, connection, stack);
  const { leftovers: list, removeLeftovers, logGroups } = operations[system.name];
  const leftovers = options.keepSecrets === true ? [] : await list({ session, clients });
  const ids = await stack.stateIds();
  const groups = groupPrefixes(ids, Object.values(logGroups(settings.project, environment)));
  const contents = await reporter.step('count what is in it', () => countContents(clients, ids, groups));
  if (ids.size === 0 && leftovers.length === 0 && contents.logGroups.length === 0) {
    reporter.info('There is nothing to destroy.');
    forgetLock(session);
    return { destroyed: 0, leftovers, contents };
  }
  reporter.info(`  destroys ${ids.size} resources of the stack, with ALL their data:`);
  describeContents(contents).forEach((line) => reporter.info(`  ${line}`));
  leftovers.forEach((name) => reporter.info(`  - ${name} (made at run time, outside the state)`));
  if (target === 'aws') {
    await requireConsent({
      question: `This destroys ${system.name} ${environment} in AWS account ${session.account}, with its data.`,
      word: session.stackName,
      yes: session.yes,
    });
  }
  // Planned before anything is emptied: what refuses to be deleted keeps its data.
  const plan = await reporter.step(`plan to destroy ${stack.name}`, (update) => stack.plan(update, { destroy: true }));
  await emptyStores(session, clients, contents);
  await reporter.step(`destroy ${stack.name}`, (update) => stack.apply(plan, update));
  if (leftovers.length > 0) {
    await reporter.step(`remove ${count(leftovers.length, 'run-time leftover')}`, () =>
      removeLeftovers({ session, clients }, leftovers),
    );
  }
  // Asked again: the last lines of what was just stopped may have made a group anew.
  const left = await listLogGroups(clients, groups);
  if (left.length > 0) {
    await reporter.step(`remove ${count(left.length, 'log group')} outside the state`, () =>
      removeLogGroups(clients, left),
    );
  }
  // What was running until now is gone, and so is what the lock speaks of. On AWS the file is history: it stays in git.
  if (target === 'local') forgetLock(session);
  return { destroyed: plan.delete.length, leftovers, contents };
}

async function emptyStores(session: Session, clients: ClientSettings, contents: StackContents): Promise<void> {
  const buckets = contents.buckets.filter(({ objects }) => objects > 0);
  const repositories = contents.repositories.filter(({ images }) => images > 0);
  if (buckets.length > 0) {
    const objects = buckets.reduce((sum, bucket) => sum + bucket.objects, 0);
    await session.reporter.step(
      `empty ${count(buckets.length, 'bucket')} of ${count(objects, 'object')}`,
      async (update) => {
        for (const { name } of buckets) {
          update(name);
          await emptyBucket(clients, name);
        }
      },
    );
  }
  if (repositories.length > 0) {
    const images = repositories.reduce((sum, repository) => sum + repository.images, 0);
    await session.reporter.step(
      `empty ${count(repositories.length, 'repository')} of ${count(images, 'image')}`,
      async (update) => {
        for (const { name } of repositories) {
          update(name);
          await emptyRepository(clients, name);
        }
      },
    );
  }
}
