/** What every command about an environment has in common: its arguments, its flags, its header, its JSON. */
import { type Command, Option } from 'commander';
import { UsageError } from '../console/errors';
import { systemNames } from '../../environments/index';
import { lockRequest } from '../images/index';
import { readLock } from '../images/lock';
import { openSession, type GlobalOptions, type Session } from '../session/session';

export interface EnvironmentCommand<Options extends GlobalOptions> {
  readonly name: string;
  readonly summary: string;
  /** Further positional arguments, in commander's notation. */
  readonly args?: readonly string[];
  readonly configure?: (command: Command) => unknown;
  readonly help?: string;
  readonly run: (session: Session, options: Options, args: readonly string[]) => Promise<unknown>;
}

/** Registers `sluice <name> <system> <env>`. What `run` returns is the data: printed as JSON under `--json`. */
export function environmentCommand<Options extends GlobalOptions>(
  parent: Command,
  definition: EnvironmentCommand<Options>,
): void {
  const command = parent
    .command(definition.name)
    .description(definition.summary)
    .argument('<system>', `one of: ${systemNames.join(', ')}`)
    .argument('<environment>', 'dev, staging or prod');
  for (const arg of definition.args ?? []) command.argument(arg);
  definition.configure?.(command);
  withCommonOptions(command);
  if (definition.help !== undefined) command.addHelpText('after', `\n${definition.help}`);
  command.action(async (...values: unknown[]) => {
    const options = command.optsWithGlobals<Options>();
    const [system, environment, ...rest] = values.slice(0, command.registeredArguments.length) as string[];
    const session = openSession(system!, environment!, options);
    // A damaged lock stops every command before anything is started.
    await readLock(lockRequest(session));
    const data = await definition.run(session, options, rest);
    if (session.json && data !== undefined) printJson(data);
  });
}

export function withCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--target <target>', 'where the environment lives').choices(['local', 'aws']).default('local'),
    )
    .option('--json', 'data as JSON on stdout')
    .option('-y, --yes', 'do not ask before changing things on AWS');
}

export function printJson(data: unknown): void {
  process.stdout.write(`${JSON.stringify(data, undefined, 2)}\n`);
}

/** The facts that every `--json` answer starts with. */
export function identity({ system, environment, target, account, region }: Session) {
  return { system: system.name, environment, target, account, region };
}

const imagesReadyOption = new Option('--images-ready <flag>', 'override the computed gate: true or false').argParser(
  (value: string): boolean => {
    if (value === 'true' || value === 'false') return value === 'true';
    throw new UsageError(`--images-ready is "${value}"; allowed: true, false`);
  },
);

export interface DeployFlags extends GlobalOptions {
  readonly imagesReady?: boolean;
  readonly allowDataLoss?: string[];
}

/** The flags of every command that plans a change. */
export function withDeployFlags(command: Command): Command {
  return command
    .addOption(imagesReadyOption)
    .option('--allow-data-loss <address...>', 'stateful resources of a protected environment that may be replaced');
}
