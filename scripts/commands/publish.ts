import type { Command } from 'commander';
import { UsageError } from '../console/errors';
import { withCommandLock } from '../flow/command-lock';
import { readOutputs } from '../flow/deploy';
import { publish } from '../flow/publish';
import { connect } from '../session/connect';
import { operations } from '../systems/index';
import { environmentCommand, identity } from './define';

export function registerPublish(program: Command): void {
  environmentCommand(program, {
    name: 'publish',
    summary: 'put the page and the other files beside the stack; only what differs, as deploy does at its end',
    async run(session) {
      if (operations[session.system.name].publish === undefined) {
        throw new UsageError(`${session.system.name} has no files beside its stack.`);
      }
      return withCommandLock(session.stackName, 'publish', async () => {
        const connection = await connect(session);
        const outputs = await readOutputs(session, connection);
        const published = await publish(session, connection, { outputs, consented: false });
        if (published.length === 0) session.reporter.info('Everything is published as it is here.');
        return { ...identity(session), published };
      });
    },
  });
}
