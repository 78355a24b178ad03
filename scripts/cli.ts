/** The `sluice` program: parses, runs one command, turns errors into exit codes. */
import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../environments/schema';
import { UserError } from './console/errors';
import { coloursFor } from './console/colours';
import { registerCommands } from './commands/index';

const pc = coloursFor(process.stderr);

const program = new Command('sluice')
  .description(
    'Rehearse a whole AWS environment on your own machine; then deploy the same code and the same image bytes.',
  )
  .exitOverride()
  .showHelpAfterError('(add --help for usage)')
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .addHelpText(
    'after',
    `
The main job:
  ./sluice up t3nets dev         an empty machine becomes a running T3nets on the local cloud
  ./sluice test                  all tests

Exit codes: 0 done, 1 failed, 2 changes pending (plan), 64 bad usage or configuration.`,
  );

try {
  await registerCommands(program, process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
  if (error instanceof UserError) {
    process.stderr.write(`${pc.red('error')} ${error.message}\n`);
    if (error.remedy !== undefined) process.stderr.write(`${pc.bold('to do')} ${error.remedy}\n`);
    return error.exitCode;
  }
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${pc.red('error')} ${error.message}\n`);
    return 64;
  }
  process.stderr.write(
    `${pc.red('This is a fault of Sluice itself, please report it:')}\n${(error as Error).stack ?? String(error)}\n`,
  );
  return 1;
}
