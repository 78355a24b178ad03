/** What a command works on: a system in an environment on a target. Says so before anything is done. */
import {
  defineSystems,
  parseSystem,
  systemNames,
  type SystemDefinition,
  type SystemName,
} from '../../environments/index';
import { overriddenNames, overridesPath, readOverrides } from '../../environments/rehearsal';
import {
  accountOf,
  ConfigurationError,
  parseEnvironment,
  parseTarget,
  type CommonSettings,
  type Environment,
  type Target,
} from '../../environments/schema';
import { ConsoleReporter } from '../console/reporter';
import { sluiceHome } from './folders';

export interface GlobalOptions {
  readonly target?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

export interface Session {
  readonly system: SystemDefinition<CommonSettings, SystemName>;
  readonly environment: Environment;
  readonly target: Target;
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  readonly json: boolean;
  readonly yes: boolean;
  readonly reporter: ConsoleReporter;
}

export function openSession(systemName: string, environmentName: string, options: GlobalOptions): Session {
  const problems: string[] = [];
  const name = attempt(() => parseSystem(systemName), problems);
  const environment = attempt(() => parseEnvironment(environmentName), problems);
  const target = attempt(() => parseTarget(options.target ?? 'local'), problems);
  if (name === undefined || environment === undefined || target === undefined) {
    throw new ConfigurationError('arguments', problems, './sluice --help lists the commands.');
  }
  const place = { target, home: sluiceHome() };
  const system = defineSystems(place)[name];
  const account = accountOf(target, environment);
  const session: Session = {
    system,
    environment,
    target,
    account,
    region: system.environments[environment].region,
    stackName: `${system.name}-${environment}`,
    json: options.json === true,
    yes: options.yes === true,
    reporter: new ConsoleReporter(),
  };
  session.reporter.info(describeSession(session));
  const overridden = overriddenNames(readOverrides(place, systemNames), system.name, environment);
  if (overridden.length > 0) session.reporter.info(`${overridesPath(place)} sets ${overridden.join(', ')}`);
  return session;
}

export function describeSession({ system, environment, account, region, target }: Session): string {
  return `${system.name} ${environment} · account ${account} · ${region} · target ${target}`;
}

function attempt<T>(parse: () => T, problems: string[]): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems.map((problem) => `${error.subject}: ${problem}`));
    return undefined;
  }
}
