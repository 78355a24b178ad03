import type { Command } from 'commander';
import { connect, openEngine, shellVariables } from '../session/connect';
import { engineShim } from '../session/engine-shim';
import { providerTypes, synthesise } from '../session/synth';
import { environmentCommand, identity } from './define';

export function registerEnv(program: Command): void {
  environmentCommand(program, {
    name: 'env',
    summary: 'shell variables under which plain cdktf, tofu, terraform and aws work on this environment',
    help: 'Use it as: eval "$(./sluice env t3nets dev)" && npx cdktf deploy t3nets-dev',
    async run(session) {
      const connection = await connect(session);
      await synthesise({ stack: session.stackName, target: session.target });
      const engine = await openEngine(session, await providerTypes());
      const variables = {
        ...shellVariables(connection, engine),
        TERRAFORM_BINARY_NAME: engineShim(engine),
        SLUICE_TARGET: session.target,
      };
      if (!session.json) {
        for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${quote(value)}\n`);
      }
      return { ...identity(session), variables };
    },
  });
}

/** For a POSIX shell: single quotes, with those inside closed, escaped and opened again. */
export function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
