/** Takes an environment away and leaves nothing of it: images, stack, run-time leftovers. */
import {
  BatchDeleteImageCommand,
  ECRClient,
  RepositoryNotFoundException,
  paginateListImages,
} from '@aws-sdk/client-ecr';
import { requireConsent } from '../console/ask';
import { UserError } from '../console/errors';
import type { Connection } from '../session/connect';
import type { Session } from '../session/session';
import { operations } from '../systems/index';
import { openApplied, recoverStack } from './deploy';
import { forgetLock } from './images';

export interface DestroyOptions {
  readonly unprotect?: boolean;
  readonly keepSecrets?: boolean;
}

export async function destroy(session: Session, connection: Connection, options: DestroyOptions) {
  const { system, environment, reporter, target } = session;
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
  const leftovers =
    options.keepSecrets === true
      ? []
      : await operations[system.name].leftovers({ session, clients: connection.clients });
  const addresses = await stack.stateList();
  reporter.info(`  destroys ${addresses.length} resources of the stack, with the images in its repositories`);
  leftovers.forEach((name) => reporter.info(`  - ${name} (made at run time, outside the state)`));
  if (addresses.length === 0 && leftovers.length === 0) {
    reporter.info('There is nothing to destroy.');
    forgetLock(session);
    return { destroyed: 0, leftovers };
  }
  if (target === 'aws') {
    await requireConsent({
      question: `This destroys ${system.name} ${environment} in AWS account ${session.account}, with its data.`,
      word: session.stackName,
      yes: session.yes,
    });
  }
  const plan = await reporter.step(`plan to destroy ${stack.name}`, (update) => stack.plan(update, { destroy: true }));
  await reporter.step('empty the image repositories', () => emptyRepositories(session, connection));
  await reporter.step(`destroy ${stack.name}`, (update) => stack.apply(plan, update));
  if (leftovers.length > 0) {
    await reporter.step(`remove ${leftovers.length} run-time leftovers`, () =>
      operations[system.name].removeLeftovers({ session, clients: connection.clients }, leftovers),
    );
  }
  // What was running until now is gone, and so is what the lock speaks of. On AWS the file is history: it stays in git.
  if (target === 'local') forgetLock(session);
  return { destroyed: plan.delete.length, leftovers };
}

async function emptyRepositories({ system, environment }: Session, { clients }: Connection): Promise<void> {
  const ecr = new ECRClient(clients);
  for (const service of Object.values(system.services)) {
    const repositoryName = service.repository(environment);
    try {
      for await (const { imageIds } of paginateListImages({ client: ecr, pageSize: 100 }, { repositoryName })) {
        if (imageIds !== undefined && imageIds.length > 0) {
          await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
        }
      }
    } catch (error) {
      if (!(error instanceof RepositoryNotFoundException)) throw error;
    }
  }
}
