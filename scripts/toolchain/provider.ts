/**
 * The AWS provider: from the registry where it answers, else built from its Go module with only the service packages that
 * the stacks need, and put into a file-system mirror. A build is never changed: a longer list makes a new one beside it.
 */
import { createHash } from 'node:crypto';
import { cp, link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { cacheRoot, clearTemporary, fillOnce, platform, readJson, withLock, writeIfChanged } from './cache';
import { fetchText, reachable } from './download';
import { goBuild, goEnvironment, requireGo, type Go } from './go';
import { ask, run } from './process';
import { closure, servicesFor, typesOf, writePrunedSource } from './provider-source';
import type { Engine, Provider } from './types';
import { awsProvider } from './versions';

const here = dirname(fileURLToPath(import.meta.url));
const HOSTS = { opentofu: 'registry.opentofu.org', terraform: 'registry.terraform.io' } as const;
/** Builds kept beside the newest one, for stacks whose working folder still points at them. */
const OLD_BUILDS_KEPT = 2;

export interface ProviderBuild {
  readonly key: string;
  readonly version: string;
  readonly services: readonly string[];
  /** Every resource and data source type of those services. */
  readonly types: readonly string[];
  readonly builtAt: string;
  readonly bytes: number;
}

const buildsFolder = () => join(cacheRoot(), 'provider', `${awsProvider.version}-${platform().id}`);
const binaryName = () => `terraform-provider-aws_v${awsProvider.version}${process.platform === 'win32' ? '.exe' : ''}`;
const mirrorPath = (host: string) => join(host, 'hashicorp', 'aws', awsProvider.version, platform().id, binaryName());
const mirrorOf = (build: ProviderBuild) => join(buildsFolder(), build.key, 'mirror');
const configOf = (build: ProviderBuild) => join(buildsFolder(), build.key, 'cli.tfrc');

/** Finished builds, newest first. */
export async function listBuilds(): Promise<ProviderBuild[]> {
  const builds: ProviderBuild[] = [];
  for (const key of await readdir(buildsFolder()).catch(() => [] as string[])) {
    const build = await readJson<ProviderBuild>(join(buildsFolder(), key, 'manifest.json'));
    if (build === undefined || build.key !== key) continue;
    const file = await stat(join(mirrorOf(build), mirrorPath(HOSTS.opentofu))).catch(() => undefined);
    if (file?.size === build.bytes) builds.push(build);
  }
  return builds.sort((a, b) => b.builtAt.localeCompare(a.builtAt));
}

/** The newest build that has every type; the manifest tells, no source is needed. */
export function covering(builds: readonly ProviderBuild[], types: readonly string[]): ProviderBuild | undefined {
  return builds.find((build) => types.every((type) => build.types.includes(type)));
}

export const awsTypes = (types: readonly string[]) =>
  [...new Set(types.filter((type) => type.startsWith('aws_')))].sort();

/** Whether the registry and the place it downloads from answer quickly. */
export async function registryAnswers(kind: Engine['kind'], base = `https://${HOSTS[kind]}`): Promise<boolean> {
  const url = `${base}/v1/providers/hashicorp/aws/${awsProvider.version}/download/${platform().os}/${platform().arch}`;
  if (!(await reachable(`${base}/.well-known/terraform.json`))) return false;
  try {
    const { download_url: file } = JSON.parse(await fetchText(url, 3000)) as { download_url?: string };
    return file !== undefined && (await reachable(file));
  } catch {
    return false;
  }
}

/** What is usable now without getting anything; `undefined` means a build is needed. */
export async function findProvider(kind: Engine['kind'], types: readonly string[]): Promise<Provider | undefined> {
  const build = covering(await listBuilds(), awsTypes(types));
  if (build !== undefined) return describe(build);
  return (await registryAnswers(kind)) ? fromRegistry(kind) : undefined;
}

function describe(build: ProviderBuild): Provider {
  return {
    name: 'hashicorp/aws',
    version: build.version,
    path: join(mirrorOf(build), mirrorPath(HOSTS.opentofu)),
    origin: 'build',
    mirror: mirrorOf(build),
    cliConfigFile: configOf(build),
    services: build.services,
  };
}

async function fromRegistry(kind: Engine['kind']): Promise<Provider> {
  const plugins = join(cacheRoot(), 'plugins');
  await mkdir(plugins, { recursive: true });
  return {
    name: 'hashicorp/aws',
    version: awsProvider.version,
    path: `https://${HOSTS[kind]}/hashicorp/aws`,
    origin: 'download',
    cliConfigFile: await writeIfChanged(
      join(cacheRoot(), 'registry.tfrc'),
      `# Written by Sluice: providers come from the registry and are kept for all stacks.\nplugin_cache_dir = ${JSON.stringify(plugins)}\n`,
    ),
  };
}

export function mirrorConfig(mirror: string): string {
  const sources = JSON.stringify(Object.values(HOSTS).map((host) => `${host}/hashicorp/aws`));
  return [
    '# Written by Sluice: the AWS provider comes from this folder, every other provider from its registry.',
    'provider_installation {',
    '  filesystem_mirror {',
    `    path    = ${JSON.stringify(mirror)}`,
    `    include = ${sources}`,
    '  }',
    '  direct {',
    `    exclude = ${sources}`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** The provider for these resource and data source types, after getting it when it is missing. */
export async function getProvider(
  reporter: Reporter,
  kind: Engine['kind'],
  types: readonly string[],
): Promise<Provider> {
  const found = await findProvider(kind, types);
  if (found !== undefined) return found;
  return reporter.step(`AWS provider ${awsProvider.version}`, async (update) => {
    const go = await requireGo();
    const build = await withLock('provider', () => compileMissing(go, awsTypes(types), update), { update });
    return describe(build);
  });
}

async function compileMissing(
  go: Go,
  types: readonly string[],
  update: (line: string) => void,
): Promise<ProviderBuild> {
  const builds = await listBuilds();
  const done = covering(builds, types);
  if (done !== undefined) return done;
  await clearTemporary('module');
  const scratch = join(cacheRoot(), 'tmp', `module-${process.pid}`);
  try {
    const source = await downloadSource(go, scratch, update);
    // One build is to serve every stack of this user's checkouts: what the last one had stays in.
    const services = await closure(source, [...(await servicesFor(source, types)), ...(builds[0]?.services ?? [])]);
    const key = createHash('sha256')
      .update(`${awsProvider.version} ${services.join(' ')}`)
      .digest('hex')
      .slice(0, 16);
    let built: ProviderBuild | undefined;
    await fillOnce('provider-build', join(buildsFolder(), key), {
      update,
      usable: async () => (await listBuilds()).some((build) => build.key === key),
      fill: async (folder) => {
        built = await compile({ go, source, folder, key, services, update });
      },
    });
    await removeOldBuilds();
    return built ?? (await listBuilds()).find((build) => build.key === key)!;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Fetches the provider's module (go.sum decides whether it is the right one) and says where its source is. */
async function downloadSource(go: Go, folder: string, update: (line: string) => void): Promise<string> {
  update('fetching the source');
  await mkdir(folder, { recursive: true });
  for (const file of ['go.mod', 'go.sum']) await cp(join(here, 'provider', file), join(folder, file));
  const env = { ...goEnvironment(go, folder), GONOSUMDB: awsProvider.source };
  const text = await run('go', ['mod', 'download', '-json', awsProvider.modulePath], {
    cwd: folder,
    env,
    remedy: 'Check the network and GOPROXY, then run the command again.',
  });
  const { Dir, Sum } = JSON.parse(text) as { Dir: string; Sum: string };
  const sums = await readFile(join(here, 'provider', 'go.sum'), 'utf8');
  if (!sums.includes(` ${Sum}\n`))
    throw new UserError(`The provider's source has hash ${Sum}, which go.sum does not name.`);
  return Dir;
}

interface Compile {
  readonly go: Go;
  readonly source: string;
  readonly folder: string;
  readonly key: string;
  readonly services: readonly string[];
  readonly update: (line: string) => void;
}

async function compile({ go, source, folder, key, services, update }: Compile): Promise<ProviderBuild> {
  const tree = join(folder, 'source');
  update(`copying ${services.length} service packages`);
  await writePrunedSource(source, tree, services);
  const binary = join(folder, 'mirror', mirrorPath(HOSTS.opentofu));
  await mkdir(dirname(binary), { recursive: true });
  await goBuild({
    go,
    folder: tree,
    package: '.',
    output: binary,
    ldflags: `-s -w -X ${awsProvider.modulePath}/version.ProviderVersion=${awsProvider.version}`,
    temporary: folder,
    update,
  });
  await verifyBinary(binary);
  const twin = join(folder, 'mirror', mirrorPath(HOSTS.terraform));
  await mkdir(dirname(twin), { recursive: true });
  await link(binary, twin);
  for (const left of ['source', 'go']) await rm(join(folder, left), { recursive: true, force: true });
  await writeFile(join(folder, 'cli.tfrc'), mirrorConfig(join(buildsFolder(), key, 'mirror')));
  const { size } = await stat(binary);
  const build: ProviderBuild = {
    key,
    version: awsProvider.version,
    services,
    types: await typesOf(source, services),
    builtAt: new Date().toISOString(),
    bytes: size,
  };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(build));
  return build;
}

/** A plugin that runs says that it is one, and exits. */
async function verifyBinary(binary: string): Promise<void> {
  const help = await ask(binary, ['-help'], { timeout: 30_000, failureToo: true });
  if (help === undefined || !/debug|plugin/i.test(help))
    throw new UserError('The new AWS provider does not run on this machine.', {
      remedy: 'Report this with the output of `go version`.',
    });
}

async function removeOldBuilds(): Promise<void> {
  for (const build of (await listBuilds()).slice(1 + OLD_BUILDS_KEPT))
    await rm(join(buildsFolder(), build.key), { recursive: true, force: true });
}
