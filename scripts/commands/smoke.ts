import type { Command } from 'commander';
import { readOutputs } from '../flow/deploy';
import { connect } from '../session/connect';
import { operations } from '../systems/index';
import { environmentCommand, identity } from './define';

export function registerSmoke(program: Command): void {
  environmentCommand(program, {
    name: 'smoke',
    summary: 'ask the running system what a first user would; exit code 1 when an answer is wrong',
    async run(session) {
      const connection = await connect(session);
      const outputs = await readOutputs(session, connection);
      const checks = await session.reporter.step('smoke', () =>
        operations[session.system.name].smoke({ session, clients: connection.clients, outputs }),
      );
      if (checks.some(({ ok }) => !ok)) process.exitCode = 1;
      if (!session.json) {
        for (const { ok, check, detail } of checks)
          process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${check}: ${detail}\n`);
      }
      return { ...identity(session), checks };
    },
  });
}
