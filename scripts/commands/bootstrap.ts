import { Option, type Command } from 'commander';
import { systems } from '../../environments/index';
import { accountOf, parseEnvironment, parseTarget, stateRegion } from '../../environments/schema';
import { ConsoleReporter } from '../console/reporter';
import { bootstrap } from '../flow/backend';
import { withCommandLock } from '../flow/command-lock';
import { connect, openEngine } from '../session/connect';
import type { GlobalOptions, Session } from '../session/session';
import { providerTypes } from '../session/synth';
import { printJson } from './define';

export function registerBootstrap(program: Command): void {
  program
    .command('bootstrap')
    .description(
      "make an environment's state back end: encrypted, versioned bucket with a native lock; safe to run again",
    )
    .argument('<environment>', 'dev, staging or prod')
    .addOption(new Option('--target <target>', 'where').choices(['local', 'aws']).default('local'))
    .option('--json', 'data as JSON on stdout')
    .option('-y, --yes', 'do not ask before changing things on AWS')
    .action(async (name: string, options: GlobalOptions) => {
      const session = sessionOf(name, options);
      session.reporter.info(
        `bootstrap ${session.environment} · account ${session.account} · ${session.region} · target ${session.target}`,
      );
      const result = await withCommandLock(session.stackName, 'bootstrap', async () => {
        const connection = await connect(session);
        return bootstrap(session, connection, await openEngine(session, await providerTypes()));
      });
      if (session.json) printJson({ environment: session.environment, account: session.account, ...result });
      else process.stdout.write(`${result.bucket}\n`);
    });
}

/** The back end belongs to the account, not to a system. */
function sessionOf(name: string, options: GlobalOptions): Session {
  const environment = parseEnvironment(name);
  const target = parseTarget(options.target ?? 'local');
  const system = Object.values(systems)[0]!;
  return {
    system,
    environment,
    target,
    account: accountOf(target, environment),
    region: stateRegion,
    stackName: `bootstrap-${environment}`,
    json: options.json === true,
    yes: options.yes === true,
    reporter: new ConsoleReporter(),
  };
}
