/** What this machine has and lacks, for `doctor` and for `up` before it changes anything. Installs nothing. */
import { containersRemedy, findContainers } from './containers';
import { canInstall } from './debian';
import { reachable } from './download';
import { findEngine, releaseSums, type EngineTool } from './engine';
import { findGo, goProblem, goRemedy } from './go';
import { findPostgres, postgresProblem } from './postgres';
import { findProvider } from './provider';
import { environments, findEnvironment, findPython, pythonRemedy, type EnvironmentName } from './python';
import type { Engine, ToolReport } from './types';
import {
  awsProvider,
  go as goVersions,
  isAtLeast,
  openTofu,
  postgres,
  python as pythonVersions,
  terraform,
} from './versions';

const NODE_NEEDED = '20.19.0';

/** A report on every tool; those with a `problem` cannot be got by Sluice itself. */
export async function inspectTools(resourceTypes: readonly string[] = []): Promise<ToolReport[]> {
  const go = findGo();
  const python = findPython();
  const engine = await inspectEngine(await go);
  const provider = await inspectProvider(engine.kind, resourceTypes, await go);
  const found = { go: await go, python: (await python).found };
  return [
    inspectNode(),
    engine.report,
    provider,
    inspectGo(found.go, engine.report.how === BUILD || provider.how === BUILD),
    await inspectPython('ministack', python),
    await inspectPython('moto', python),
    await inspectContainers(),
    await inspectPostgres(),
  ];
}

/** Only what stops a rehearsal. */
export async function missingTools(resourceTypes: readonly string[] = []): Promise<ToolReport[]> {
  return (await inspectTools(resourceTypes)).filter(({ problem }) => problem !== undefined);
}

const BUILD = 'is built from its Go module';
const DOWNLOAD = 'is downloaded';

function inspectNode(): ToolReport {
  const version = process.versions.node;
  const found = { name: 'node', version, path: process.execPath, origin: 'machine' } as const;
  const report = { name: 'Node.js', needed: `>= ${NODE_NEEDED}`, found, how: 'runs this program' };
  if (isAtLeast(version, NODE_NEEDED)) return report;
  return {
    ...report,
    problem: `Node.js ${version} is too old.`,
    remedy: 'Install Node.js 22 or newer from https://nodejs.org.',
  };
}

type FoundGo = Awaited<ReturnType<typeof findGo>>;

async function inspectEngine(go: FoundGo): Promise<{ kind: Engine['kind']; report: ToolReport }> {
  const base = {
    name: 'Terraform engine',
    needed: `OpenTofu >= ${openTofu.atLeast}, or Terraform >= ${terraform.atLeast}`,
  };
  let found: EngineTool | undefined;
  try {
    found = await findEngine();
  } catch (error) {
    const { message, remedy } = error as Error & { remedy?: string };
    return { kind: 'opentofu', report: { ...base, problem: message, remedy, how: 'named by TERRAFORM_BINARY_NAME' } };
  }
  if (found !== undefined) return { kind: found.kind, report: { ...base, found, how: 'is there' } };
  if (await reachable(releaseSums())) return { kind: 'opentofu', report: { ...base, how: DOWNLOAD } };
  return { kind: 'opentofu', report: { ...base, ...needsGo(go) } };
}

async function inspectProvider(kind: Engine['kind'], types: readonly string[], go: FoundGo): Promise<ToolReport> {
  const base = { name: 'AWS provider', needed: awsProvider.version };
  const found = await findProvider(kind, types);
  if (found !== undefined && found.origin === 'build') return { ...base, found, how: 'is there' };
  if (found !== undefined) return { ...base, how: DOWNLOAD };
  return { ...base, ...needsGo(go) };
}

function needsGo(go: FoundGo): Pick<ToolReport, 'how' | 'problem' | 'remedy'> {
  const problem = goProblem(go);
  if (problem === undefined) return { how: BUILD };
  return {
    how: BUILD,
    problem: `It is not here, its download does not answer, and it cannot be built: ${problem}`,
    remedy: goRemedy,
  };
}

function inspectGo(go: FoundGo, needed: boolean): ToolReport {
  const found = go && ({ name: 'go', version: go.version, path: go.path, origin: 'machine' } as const);
  const how = needed ? 'builds what cannot be downloaded' : 'not needed now';
  return { name: 'Go', needed: needed ? `>= ${goVersions.atLeast}` : 'only to build', found, how };
}

async function inspectPython(name: EnvironmentName, python: ReturnType<typeof findPython>): Promise<ToolReport> {
  const { title, version } = environments[name];
  const base = { name: title, needed: version };
  const there = await findEnvironment(name);
  if (there !== undefined)
    return { ...base, found: { name, version: there.version, path: there.python, origin: 'package' }, how: 'is there' };
  const how = `is installed from PyPI (Python >= ${pythonVersions.atLeast})`;
  const { problem } = await python;
  return problem === undefined ? { ...base, how } : { ...base, how, problem, remedy: pythonRemedy };
}

/** Optional, so it never has a `problem`. */
async function inspectPostgres(): Promise<ToolReport> {
  const base = { name: 'Postgres', needed: `${postgres.version}, only for systems with a database` };
  const there = await findPostgres();
  if (there !== undefined) {
    const found = { name: 'postgres', version: there.version, path: there.bin, origin: 'package' } as const;
    return { ...base, found, how: 'is there' };
  }
  return { ...base, how: postgresProblem() ?? 'is installed from PyPI when a system first asks for its database' };
}

async function inspectContainers(): Promise<ToolReport> {
  const base = { name: 'Container engine', needed: 'Docker or Podman' };
  const { found, problem } = await findContainers();
  if (found !== undefined) {
    const path = found.kind === 'docker' ? found.socket : 'podman';
    return { ...base, found: { name: found.kind, version: found.version, path, origin: 'machine' }, how: 'is there' };
  }
  if (canInstall()) return { ...base, how: 'Podman is installed from Debian' };
  return { ...base, how: 'is yours to install', problem, remedy: containersRemedy };
}
