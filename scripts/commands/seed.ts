import type { Command } from 'commander';
import { readOutputs } from '../flow/deploy';
import { connect } from '../session/connect';
import { operations } from '../systems/index';
import { environmentCommand, identity } from './define';

export function registerSeed(program: Command): void {
  environmentCommand(program, {
    name: 'seed',
    summary: 'first data and secrets; a second run changes nothing it finds',
    async run(session) {
      const connection = await connect(session);
      const outputs = await readOutputs(session, connection);
      const items = await session.reporter.step('seed', () =>
        operations[session.system.name].seed({ session, clients: connection.clients, outputs }),
      );
      if (!session.json) for (const { result, what } of items) process.stdout.write(`${result.padEnd(8)} ${what}\n`);
      return { ...identity(session), items };
    },
  });
}
