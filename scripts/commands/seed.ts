import type { Command } from 'commander';
import { requireConsent } from '../console/ask';
import { UsageError } from '../console/errors';
import { readOutputs } from '../flow/deploy';
import { connect } from '../session/connect';
import type { GlobalOptions } from '../session/session';
import { operations } from '../systems/index';
import { environmentCommand, identity } from './define';

interface Options extends GlobalOptions {
  readonly resetPassword?: boolean;
}

export function registerSeed(program: Command): void {
  environmentCommand<Options>(program, {
    name: 'seed',
    summary: 'first data and secrets; a second run changes nothing it finds',
    configure: (command) =>
      command.option('--reset-password', 'also give the first user a temporary password again, whoever uses it now'),
    async run(session, options) {
      const { seed, resetPassword } = operations[session.system.name];
      if (options.resetPassword === true && resetPassword === undefined) {
        throw new UsageError(`${session.system.name} has no users with a password.`);
      }
      const connection = await connect(session);
      const outputs = await readOutputs(session, connection);
      const context = { session, clients: connection.clients, outputs };
      const items = [...(await session.reporter.step('seed', () => seed(context)))];
      if (options.resetPassword === true && resetPassword !== undefined) {
        if (session.target === 'aws') {
          await requireConsent({
            question: `This resets the password of the first user of ${session.stackName} in AWS account ${session.account}.`,
            word: session.environment,
            yes: session.yes,
          });
        }
        items.push(...(await session.reporter.step('reset the password', () => resetPassword(context))));
      }
      if (!session.json) {
        for (const { result, what, note } of items)
          process.stdout.write(`${result.padEnd(8)} ${what}${note === undefined ? '' : ` (${note})`}\n`);
      }
      return { ...identity(session), items };
    },
  });
}
