import type { Command } from 'commander';
import { readOutputs } from '../flow/deploy';
import { connect } from '../session/connect';
import { UsageError } from '../console/errors';
import { environmentCommand } from './define';

export function registerOutputs(program: Command): void {
  environmentCommand<{ json?: boolean }>(program, {
    name: 'outputs',
    summary: 'the outputs of the applied stack; with a name, that one alone',
    args: ['[name]'],
    help: 'Under --json: { system, environment, outputs: { name: value } }',
    async run(session, _options, [name]) {
      const outputs = await readOutputs(session, await connect(session));
      if (name !== undefined) {
        if (!Object.hasOwn(outputs, name)) {
          throw new UsageError(`There is no output "${name}"; there is: ${Object.keys(outputs).sort().join(', ')}`);
        }
        if (!session.json) process.stdout.write(`${String(outputs[name])}\n`);
      } else if (!session.json) {
        for (const [key, value] of Object.entries(outputs)) process.stdout.write(`${key} = ${String(value)}\n`);
      }
      const selected = name === undefined ? outputs : { [name]: outputs[name] };
      return { system: session.system.name, environment: session.environment, outputs: selected };
    },
  });
}
