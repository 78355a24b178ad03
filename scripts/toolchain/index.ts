/**
 * Everything the program needs besides npm packages: Terraform engine, AWS provider, emulators, container engine. `ensure*`
 * get what is missing, `inspectTools` and `missingTools` only look. Answers are remembered for the process.
 */
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { getContainers } from './containers';
import type { RegistriesOptions } from './containers-config';
import { ensureEngineTool } from './engine';
import { inspectTools, missingTools } from './inspect';
import { ensurePostgresTool } from './postgres';
import { getProvider } from './provider';
import { ensureEnvironment } from './python';
import type { ContainerEngine, Engine, PostgresTool, Provider, PythonTool } from './types';

export { inspectTools, missingTools };
export type { ContainerEngine, Engine, Provider, PythonTool } from './types';

const remembered = new Map<string, Promise<unknown>>();

/** One answer per process; a failure is not remembered. */
function once<T>(key: string, work: () => Promise<T>): Promise<T> {
  let answer = remembered.get(key) as Promise<T> | undefined;
  if (answer === undefined) {
    answer = work();
    remembered.set(key, answer);
    answer.catch(() => remembered.delete(key));
  }
  return answer;
}

/** The AWS provider with at least these resource and data source types (other providers' types are ignored). */
export async function ensureProvider(reporter: Reporter, resourceTypes: readonly string[]): Promise<Provider> {
  const { kind } = await once('engine', () => ensureEngineTool(reporter));
  const key = `provider ${[...resourceTypes].sort().join(' ')}`;
  return once(key, () => getProvider(reporter, kind, resourceTypes));
}

/** Engine and provider together: what a stack with these types runs with. */
export async function ensureTerraform(
  reporter: Reporter,
  resourceTypes: readonly string[],
): Promise<{ engine: Engine; provider: Provider }> {
  const provider = await ensureProvider(reporter, resourceTypes);
  const tool = await once('engine', () => ensureEngineTool(reporter));
  return { engine: { ...tool, cliConfigFile: provider.cliConfigFile }, provider };
}

/** MiniStack in an environment of its own. */
export function ensureEmulator(reporter: Reporter): Promise<PythonTool> {
  return once('ministack', () => ensureEnvironment(reporter, 'ministack'));
}

/** moto's server in an environment of its own. */
export function ensureMoto(reporter: Reporter): Promise<PythonTool> {
  return once('moto', () => ensureEnvironment(reporter, 'moto'));
}

/** Postgres with pgvector, for systems with a database; no part of `ensureAll`. */
export function ensurePostgres(reporter: Reporter): Promise<PostgresTool> {
  return once('postgres', () => ensurePostgresTool(reporter));
}

/** A container engine that works. `registries` names further registries to be spoken to without TLS. */
export function ensureContainers(reporter: Reporter, registries?: RegistriesOptions): Promise<ContainerEngine> {
  return once(`containers ${registries?.insecure?.join(' ') ?? ''}`, () => getContainers(reporter, registries));
}

/** Everything a rehearsal needs: the Python environments come over the network while Go compiles. */
export async function ensureAll(
  reporter: Reporter,
  resourceTypes: readonly string[],
): Promise<{
  engine: Engine;
  provider: Provider;
  containers: ContainerEngine;
  emulator: PythonTool;
  moto: PythonTool;
}> {
  const containers = await ensureContainers(reporter);
  const python = async () => ({ emulator: await ensureEmulator(reporter), moto: await ensureMoto(reporter) });
  // Both sides end before an error is thrown: nothing may go on building behind the message.
  const [terraform, environments] = await Promise.allSettled([ensureTerraform(reporter, resourceTypes), python()]);
  if (terraform.status === 'rejected') throw terraform.reason;
  if (environments.status === 'rejected') throw environments.reason;
  return { ...terraform.value, containers, ...environments.value };
}

/** Stops, before anything is changed, when something is missing that Sluice cannot get by itself. */
export async function refuseMissingTools(resourceTypes: readonly string[] = []): Promise<void> {
  const missing = await missingTools(resourceTypes);
  if (missing.length === 0) return;
  throw new UserError(
    [
      'This machine lacks what a rehearsal needs:',
      ...missing.map(({ name, problem }) => `  - ${name}: ${problem}`),
    ].join('\n'),
    { remedy: [...new Set(missing.map(({ remedy }) => remedy))].filter((text) => text !== undefined).join('\n') },
  );
}
