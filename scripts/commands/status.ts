import type { Command } from 'commander';
import { describeStatus, readStatus } from '../flow/status';
import { connect } from '../session/connect';
import { environmentCommand, identity } from './define';

export function registerStatus(program: Command): void {
  environmentCommand(program, {
    name: 'status',
    summary: 'tasks, target health, images, table counts, names of secrets, last errors',
    async run(session) {
      const status = await readStatus(session, await connect(session));
      if (!session.json) process.stdout.write(`${describeStatus(status).join('\n')}\n`);
      return { ...identity(session), ...status };
    },
  });
}
