/** From a request (which stacks, which target) to built stacks: every system in every environment, and the bootstrap. */
import { App } from 'cdktf';
import { missingServices } from '../environments/lock';
import {
  defineSystems,
  systemNames,
  validateSystems,
  type SystemDefinition,
  type SystemName,
  type Systems,
} from '../environments/index';
import {
  ConfigurationError,
  accountOf,
  environmentNames,
  stateRegion,
  type CommonSettings,
  type Environment,
  type Target,
} from '../environments/schema';
import type { SluiceStack, StackContext } from './base';
import { BOOTSTRAP, BootstrapStack, type BootstrapBackend } from './bootstrap/stack';
import { loadLock, placeholderGate, resolveGate, type Gate } from './gate';
import { Story42Stack } from './story-42/stack';
import { T3netsStack } from './t3nets/stack';

export interface AppRequest {
  readonly outdir: string;
  readonly target: Target;
  /** Folder of the rehearsal's state; holds the local locks. */
  readonly home: string;
  /** Root of the repository; holds the locks for AWS. */
  readonly root: string;
  /** Names of stacks. @default - every system in every environment */
  readonly stacks?: readonly string[];
  /** @default - the lock decides */
  readonly imagesReady?: boolean;
  /** Made-up digests in place of the locks, for asking what the stacks hold. @default false */
  readonly placeholders?: boolean;
  /** @default 's3' */
  readonly bootstrapBackend?: BootstrapBackend;
}

/** One entry a system, checked by the compiler. */
const build: Record<SystemName, (app: App, context: StackContext, systems: Systems) => SluiceStack> = {
  t3nets: (app, context, systems) => new T3netsStack(app, context, systems.t3nets.environments[context.environment]),
  'story-42': (app, context, systems) =>
    new Story42Stack(app, context, systems['story-42'].environments[context.environment]),
};

interface StackName {
  readonly system: SystemName | typeof BOOTSTRAP;
  readonly environment: Environment;
}

const allStacks: readonly StackName[] = systemNames.flatMap((system) =>
  environmentNames.map((environment) => ({ system, environment })),
);
const bootstrapStacks: readonly StackName[] = environmentNames.map((environment) => ({
  system: BOOTSTRAP,
  environment,
}));
const nameOf = ({ system, environment }: StackName): string => `${system}-${environment}`;

/** The stacks that a comma list names; without one, all systems in all environments (the bootstrap only when named). */
export function selectStacks(names: readonly string[] | undefined): readonly StackName[] {
  if (names === undefined) return allStacks;
  const known = [...allStacks, ...bootstrapStacks];
  const unknown = names.filter((name) => !known.some((stack) => nameOf(stack) === name));
  if (unknown.length > 0) {
    const there = known.map(nameOf).join(', ');
    throw new ConfigurationError(
      'SLUICE_STACKS',
      unknown.map((name) => `"${name}" is unknown; there is: ${there}`),
    );
  }
  return known.filter((stack) => names.includes(nameOf(stack)));
}

/** Builds the app; nothing is written until it is synthesised. Problems of all stacks come together. */
export function buildApp(request: AppRequest): { app: App; stacks: SluiceStack[] } {
  const systems = defineSystems(request);
  validateSystems(systems);
  const selected = selectStacks(request.stacks);
  const gates = resolveAll(selected, systems, request);
  const app = new App({ outdir: request.outdir });
  const stacks = selected.map((name) => {
    const gate = gates.get(nameOf(name)) ?? placeholderGate([]);
    return name.system === BOOTSTRAP
      ? buildBootstrap(app, name.environment, gate, systems, request)
      : buildSystem(app, name.system, name.environment, gate, systems, request);
  });
  return { app, stacks };
}

function resolveAll(selected: readonly StackName[], systems: Systems, request: AppRequest): Map<string, Gate> {
  const gates = new Map<string, Gate>();
  const problems: string[] = [];
  const remedies: string[] = [];
  for (const name of selected) {
    if (name.system === BOOTSTRAP) continue;
    try {
      gates.set(nameOf(name), gateOf(systems[name.system], name.environment, request));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(...error.problems);
      if (error.remedy !== undefined) remedies.push(error.remedy);
    }
  }
  if (problems.length > 0) throw new ConfigurationError('gate', problems, remedies.join('\n'));
  return gates;
}

function gateOf(
  { name: system, services: defined }: SystemDefinition,
  environment: Environment,
  request: AppRequest,
): Gate {
  const services = Object.keys(defined);
  if (request.placeholders === true) {
    if (request.imagesReady !== false) return placeholderGate(services);
    return { phase: 1, images: {}, waitingFor: missingServices(undefined, services) };
  }
  const { target, home, root, imagesReady: override } = request;
  const { path, lock } = loadLock({ target, system, environment, home, root }, services);
  return resolveGate({ system, environment, services, lock, path, override });
}

function buildSystem(
  app: App,
  system: SystemName,
  environment: Environment,
  gate: Gate,
  systems: Systems,
  request: AppRequest,
): SluiceStack {
  const { target, outdir } = request;
  const context = { system, environment, target, account: accountOf(target, environment), gate, waitingResources: [] };
  if (gate.phase === 2) return build[system](app, context, systems);
  // What waits is known by building the same stack with an open gate; it is never written.
  const open = { ...context, gate: placeholderGate(Object.keys(systems[system].services)) };
  const waitingResources = build[system](new App({ outdir }), open, systems).phase2Addresses;
  return build[system](app, { ...context, waitingResources }, systems);
}

function buildBootstrap(
  app: App,
  environment: Environment,
  gate: Gate,
  systems: Systems,
  request: AppRequest,
): SluiceStack {
  const { target, bootstrapBackend = 's3' } = request;
  const context = {
    system: BOOTSTRAP,
    environment,
    target,
    account: accountOf(target, environment),
    gate,
    waitingResources: [],
  };
  const all: CommonSettings[] = systemNames.map((name) => systems[name].environments[environment]);
  const settings = {
    region: stateRegion,
    stateBackend: {
      lock: all.some(({ stateBackend }) => stateBackend.lock === 'dynamodb') ? 'dynamodb' : 'native',
    } as const,
    protected: all.some((settings) => settings.protected),
  };
  return new BootstrapStack(app, context, settings, bootstrapBackend);
}
