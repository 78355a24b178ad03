/** The systems there are: their settings an environment, and the services that ship as an image. */
import { overridesPath, readOverrides, type RehearsalPlace } from './rehearsal';
import { ConfigurationError, environmentNames, type CommonSettings, type Environment } from './schema';
import { parseStory42, story42Values, type Story42Settings } from './story-42';
import { parseT3nets, t3netsValues, type T3netsSettings } from './t3nets';

export const systemNames = ['t3nets', 'story-42'] as const;
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

interface SystemSource<Settings extends CommonSettings, Name extends SystemName> {
  readonly name: Name;
  readonly values: Readonly<Record<Environment, object>>;
  readonly parse: (values: unknown, source?: string) => Readonly<Record<Environment, Settings>>;
  /** The services that ship as an image, each with its repository's name. */
  readonly services: Readonly<Record<string, (project: string, environment: Environment) => string>>;
}

const sources = {
  t3nets: defineSource<'t3nets', T3netsSettings>({
    name: 't3nets',
    values: t3netsValues,
    parse: parseT3nets,
    services: { router: (project, environment) => `${project}-${environment}-router` },
  }),
  'story-42': defineSource<'story-42', Story42Settings>({
    name: 'story-42',
    values: story42Values,
    parse: parseStory42,
    services: {
      'story-text-regen': (project, environment) => `${project}-lambda-${environment}`,
      'story-image-regen': (project, environment) => `${project}-story-image-lambda-${environment}`,
      'data-ops': (project, environment) => `${project}-data-ops-lambda-${environment}`,
      'story-generator': (project, environment) => `${project}-story-generator-${environment}`,
    },
  }),
};

function defineSource<Name extends SystemName, Settings extends CommonSettings>(
  source: SystemSource<Settings, Name>,
): SystemSource<Settings, Name> {
  return source;
}

function defineSystem<Name extends SystemName, Settings extends CommonSettings>(
  { name, values, parse, services }: SystemSource<Settings, Name>,
  place?: RehearsalPlace,
): SystemDefinition<Settings, Name> {
  let parsed: Readonly<Record<Environment, Settings>> | undefined;
  const environments = (): Readonly<Record<Environment, Settings>> => {
    if (parsed !== undefined) return parsed;
    const overrides = place === undefined ? undefined : readOverrides(place, systemNames)[name];
    if (place === undefined || overrides === undefined) return (parsed = parse(values));
    parse(values);
    const merged = environmentNames.map((environment) => [
      environment,
      { ...values[environment], ...overrides[environment] },
    ]);
    return (parsed = parse(Object.fromEntries(merged), overridesPath(place)));
  };
  return {
    name,
    get environments() {
      return environments();
    },
    services: Object.fromEntries(
      Object.entries(services).map(([service, repository]): [string, ServiceDefinition] => [
        service,
        {
          kind: 'image',
          context: `services/${name}/${service}`,
          dockerfile: `services/${name}/${service}/Dockerfile`,
          repository: (environment) => repository(environments()[environment].project, environment),
        },
      ]),
    ),
  };
}

/** All systems, as the repository says, or as a rehearsal on this machine has them. */
export function defineSystems(place?: RehearsalPlace) {
  return {
    t3nets: defineSystem(sources.t3nets, place),
    'story-42': defineSystem(sources['story-42'], place),
  } satisfies { [Name in SystemName]: SystemDefinition<CommonSettings, Name> };
}

export type Systems = ReturnType<typeof defineSystems>;
export type SettingsOf<Name extends SystemName> = Systems[Name]['environments'][Environment];

export const systems = defineSystems();

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
