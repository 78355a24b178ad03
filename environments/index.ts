/** The systems there are: their settings an environment, and the services that ship as an image. */
import { ConfigurationError, type CommonSettings, type Environment } from './schema';
import { parseT3nets, t3netsValues, type T3netsSettings } from './t3nets';

export const systemNames = ['t3nets'] as const;
export type SystemName = (typeof systemNames)[number];

/** One service that ships as an image, with a repository of its own. */
export interface ServiceDefinition {
  readonly kind: 'image';
  /** Folder with the service's code, from the root of the repository. */
  readonly context: string;
  readonly dockerfile: string;
  /** Name of the ECR repository in an environment. */
  repository(environment: Environment): string;
}

export interface SystemDefinition<
  Settings extends CommonSettings = CommonSettings,
  Name extends SystemName = SystemName,
> {
  readonly name: Name;
  /** Parsed when first read; a mistake in the values is a `ConfigurationError` with all of them. */
  readonly environments: Readonly<Record<Environment, Settings>>;
  readonly services: Readonly<Record<string, ServiceDefinition>>;
}

function defineSystem<Name extends SystemName, Settings extends CommonSettings>(definition: {
  name: Name;
  parse: () => Readonly<Record<Environment, Settings>>;
  services: (settings: (environment: Environment) => Settings) => Record<string, ServiceDefinition>;
}): SystemDefinition<Settings, Name> {
  let parsed: Readonly<Record<Environment, Settings>> | undefined;
  const environments = (): Readonly<Record<Environment, Settings>> => (parsed ??= definition.parse());
  return {
    name: definition.name,
    get environments() {
      return environments();
    },
    services: definition.services((environment) => environments()[environment]),
  };
}

export const systems = {
  t3nets: defineSystem<'t3nets', T3netsSettings>({
    name: 't3nets',
    parse: () => parseT3nets(t3netsValues),
    services: (settings) => ({
      router: {
        kind: 'image',
        context: 'services/t3nets/router',
        dockerfile: 'services/t3nets/router/Dockerfile',
        repository: (environment) => `${settings(environment).project}-${environment}-router`,
      },
    }),
  }),
} satisfies { [Name in SystemName]: SystemDefinition<CommonSettings, Name> };

export function parseSystem(value: string): SystemName {
  const found = systemNames.find((name) => name === value);
  if (found !== undefined) return found;
  throw new ConfigurationError('system', [`"${value}" is unknown; there is: ${systemNames.join(', ')}`]);
}

/** All problems of all systems in one error. Programs call this before they do anything else. */
export function validateSystems(definitions: Readonly<Record<string, SystemDefinition>> = systems): void {
  const problems = Object.values(definitions).flatMap((system) => {
    try {
      void system.environments;
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.problems.map((problem) => `${error.subject}: ${problem}`);
    }
  });
  if (problems.length > 0) throw new ConfigurationError('configuration', problems);
}
