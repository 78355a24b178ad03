/**
 * Settings for Podman that suit a rehearsal and touch nothing of the machine's own Podman: as root, storage, networks and
 * run-time state of our own, runc, and limits this shell may set. Rootless Podman keeps its own storage and networks.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot, writeIfChanged } from './cache';

/** The bridge of root Podman's containers; the host answers at the gateway address. */
export const bridge = {
  name: 'podman',
  interface: 'sluice0',
  subnet: '10.231.77.0/24',
  gateway: '10.231.77.1',
} as const;

/** A container may not ask for more than its starter has: that is this shell's hard limit, and for nproc Podman's own 32768. */
const WANTED = { nofile: 1_048_576, nproc: 32_768 };

export interface PodmanFolders {
  readonly config: string;
  readonly graph: string;
  /** Short, and gone after a restart of the machine: it holds sockets and mounts. */
  readonly run: string;
}

export function podmanFolders(root = cacheRoot()): PodmanFolders {
  const base = join(root, 'containers');
  const id = createHash('sha256').update(base).digest('hex').slice(0, 8);
  return { config: base, graph: join(base, 'storage'), run: `/run/sluice/${id}` };
}

/** Hard limits of this process, capped; `limits` is the text of /proc/self/limits. */
export function ulimits(limits: string): string[] {
  const hard = (name: string) => new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(limits)?.[1];
  const entry = (name: 'nofile' | 'nproc', title: string) => {
    const value = hard(title);
    const number = value === undefined || value === 'unlimited' ? WANTED[name] : Math.min(Number(value), WANTED[name]);
    return `${name}=${number}:${number}`;
  };
  return [entry('nofile', 'Max open files'), entry('nproc', 'Max processes')];
}

export function containersConf(folders: PodmanFolders, limits: string, runtime: 'runc' | 'crun'): string {
  const list = ulimits(limits).map((text) => JSON.stringify(text));
  return `# Written by Sluice.
[containers]
default_ulimits = [${list.join(', ')}]
log_driver = "k8s-file"

[engine]
runtime = "${runtime}"
cgroup_manager = "cgroupfs"
events_logger = "file"
static_dir = ${JSON.stringify(join(folders.graph, 'libpod'))}
volume_path = ${JSON.stringify(join(folders.graph, 'volumes'))}
tmp_dir = ${JSON.stringify(join(folders.run, 'libpod'))}

[network]
network_backend = "netavark"
network_config_dir = ${JSON.stringify(join(folders.config, 'networks'))}
default_network = "${bridge.name}"
`;
}

export function storageConf(folders: PodmanFolders): string {
  return `# Written by Sluice.
[storage]
driver = "vfs"
graphroot = ${JSON.stringify(folders.graph)}
runroot = ${JSON.stringify(join(folders.run, 'storage'))}
`;
}

export interface RegistriesOptions {
  /** Further registries that speak plain http, as host:port. Every port of this machine's own addresses is one already. */
  readonly insecure?: readonly string[];
}

/** A location without a port stands for all its ports. */
export function registriesConf({ insecure = [] }: RegistriesOptions = {}): string {
  const locations = [...new Set(['127.0.0.1', 'localhost', bridge.gateway, ...insecure])];
  return [
    '# Written by Sluice.',
    'unqualified-search-registries = ["docker.io"]',
    'short-name-mode = "permissive"',
    ...locations.flatMap((location) => [
      '',
      '[[registry]]',
      `location = ${JSON.stringify(location)}`,
      'insecure = true',
    ]),
    '',
  ].join('\n');
}

/** Two local clouds with different registries must not overwrite each other's file. */
function registriesFile({ insecure = [] }: RegistriesOptions = {}): string {
  if (insecure.length === 0) return 'registries.conf';
  return `registries-${createHash('sha256').update(insecure.join(' ')).digest('hex').slice(0, 8)}.conf`;
}

/** The default network under its usual name, kept apart from the machine's `podman0` by interface and addresses. */
export function networkFile(): string {
  const network = {
    name: bridge.name,
    id: createHash('sha256').update(`network ${bridge.name}`).digest('hex'),
    driver: 'bridge',
    network_interface: bridge.interface,
    created: '2026-01-01T00:00:00Z',
    subnets: [{ subnet: bridge.subnet, gateway: bridge.gateway }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    ipam_options: { driver: 'host-local' },
  };
  return `${JSON.stringify(network, null, 2)}\n`;
}

/** Writes the files (only what changed) and gives the environment that makes podman, buildah and skopeo use them. */
export async function writePodmanConfig(options: {
  readonly root: boolean;
  readonly runtime: 'runc' | 'crun';
  readonly registries?: RegistriesOptions;
}): Promise<Record<string, string>> {
  const folders = podmanFolders();
  const env: Record<string, string> = {
    CONTAINERS_REGISTRIES_CONF: await writeIfChanged(
      join(folders.config, registriesFile(options.registries)),
      registriesConf(options.registries),
    ),
  };
  if (!options.root) return env;
  await forgetBeforeRestart(folders.run);
  await mkdir(folders.graph, { recursive: true });
  const limits = readFileSync('/proc/self/limits', 'utf8');
  await writeIfChanged(join(folders.config, 'networks', `${bridge.name}.json`), networkFile());
  return {
    ...env,
    CONTAINERS_CONF: await writeIfChanged(
      join(folders.config, 'containers.conf'),
      containersConf(folders, limits, options.runtime),
    ),
    CONTAINERS_STORAGE_CONF: await writeIfChanged(join(folders.config, 'storage.conf'), storageConf(folders)),
    // Older releases of Podman ignore the driver of the file when the variable is not set.
    STORAGE_DRIVER: 'vfs',
    BUILDAH_ISOLATION: 'chroot',
  };
}

/** /run is not everywhere emptied at a restart, and Podman takes what is there for running containers. */
async function forgetBeforeRestart(run: string): Promise<void> {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const mark = join(run, 'boot-id');
  if (existsSync(run) && (!existsSync(mark) || readFileSync(mark, 'utf8') !== boot))
    await rm(run, { recursive: true, force: true });
  await mkdir(run, { recursive: true, mode: 0o700 });
  await writeIfChanged(mark, boot);
}
