import type { Command } from 'commander';
import { UsageError } from '../console/errors';
import { readOutputs } from '../flow/deploy';
import { connect } from '../session/connect';
import { operations } from '../systems/index';
import { environmentCommand, identity } from './define';

export function registerSignIn(program: Command): void {
  environmentCommand(program, {
    name: 'sign-in',
    summary: "sign the first user in and print a token for the system's API; it is valid for an hour",
    help: 'Use it as: TOKEN=$(./sluice sign-in story-42 dev); curl -H "Authorization: $TOKEN" ...',
    async run(session) {
      const { signIn } = operations[session.system.name];
      if (signIn === undefined) throw new UsageError(`${session.system.name} has no sign-in of its own.`);
      const connection = await connect(session);
      const outputs = await readOutputs(session, connection);
      const token = await signIn({ session, clients: connection.clients, outputs });
      if (!session.json) process.stdout.write(`${token}\n`);
      return { ...identity(session), token };
    },
  });
}
