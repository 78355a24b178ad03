/** The container engine: a Docker that answers, else Podman, which root on Debian gets from its package registry. */
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { withLock } from './cache';
import { bridge, podmanFolders, writePodmanConfig, type RegistriesOptions } from './containers-config';
import { canInstall, installPackages, isRoot } from './debian';
import { ask, run } from './process';
import type { ContainerEngine } from './types';

export const debianPackages = [
  'podman',
  'buildah',
  'runc',
  'netavark',
  'aardvark-dns',
  'containernetworking-plugins',
  'iptables',
] as const;

export const containersRemedy =
  'Start Docker (Docker Desktop, OrbStack, Colima or the docker service), or install Podman and Buildah (https://podman.io/docs/installation).';

/** Where a Docker API may listen, the user's own choice first. */
export function dockerSockets(env: NodeJS.ProcessEnv = process.env): string[] {
  const chosen = env['DOCKER_HOST'];
  if (chosen) return chosen.startsWith('unix://') ? [chosen.slice('unix://'.length)] : [];
  const home = env['HOME'] ?? homedir();
  return [
    '/var/run/docker.sock',
    join(home, '.docker/run/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
    ...(env['XDG_RUNTIME_DIR'] ? [join(env['XDG_RUNTIME_DIR'], 'docker.sock')] : []),
  ];
}

/** The version a Docker API on a unix socket names, or nothing when nobody answers. */
export function dockerVersion(socketPath: string, timeoutMilliseconds = 3000): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/version', timeout: timeoutMilliseconds }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        try {
          resolve((JSON.parse(text) as { Version?: string }).Version);
        } catch {
          resolve(undefined);
        }
      });
      response.on('error', () => resolve(undefined));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(undefined));
    call.end();
  });
}

/** What is usable now. Only looks. */
export async function findContainers(): Promise<{ found?: FoundContainers; problem?: string }> {
  for (const socket of dockerSockets()) {
    const version = existsSync(socket) ? await dockerVersion(socket) : undefined;
    if (version !== undefined) return { found: { kind: 'docker', version, socket } };
  }
  const version = /(\d+\.\d+\.\d+)/.exec((await ask('podman', ['--version'])) ?? '')?.[1];
  if (version === undefined) return { problem: 'No Docker answers and Podman is not installed.' };
  if ((await ask('buildah', ['--version'])) === undefined)
    return { problem: `Podman ${version} is here, but Buildah is not.` };
  const runtime = await findRuntime();
  if (isRoot() && runtime === undefined) return { problem: `Podman ${version} is here, but neither runc nor crun is.` };
  return { found: { kind: 'podman', version, runtime } };
}

export type FoundContainers =
  | { readonly kind: 'docker'; readonly version: string; readonly socket: string }
  | { readonly kind: 'podman'; readonly version: string; readonly runtime: 'runc' | 'crun' | undefined };

/** runc first: crun does not start where cgroups are of both versions. */
async function findRuntime(): Promise<'runc' | 'crun' | undefined> {
  for (const name of ['runc', 'crun'] as const) if ((await ask(name, ['--version'])) !== undefined) return name;
  return undefined;
}

export async function getContainers(reporter: Reporter, registries?: RegistriesOptions): Promise<ContainerEngine> {
  const { found, problem } = await findContainers();
  if (found !== undefined) return open(found, registries);
  if (!canInstall()) throw new UserError(problem!, { remedy: containersRemedy });
  return reporter.step('Podman', (update) =>
    withLock(
      'podman',
      async () => {
        if ((await findContainers()).found === undefined)
          await installPackages(debianPackages, { update, remedy: containersRemedy });
        const after = await findContainers();
        if (after.found === undefined) throw new UserError(after.problem!, { remedy: containersRemedy });
        return open(after.found, registries);
      },
      { update },
    ),
  );
}

/** Writes Podman's settings into the cache and tries them: what Podman says when they fail is the best message there is. */
async function open(found: FoundContainers, registries: RegistriesOptions | undefined): Promise<ContainerEngine> {
  if (found.kind === 'docker') return { ...found, env: {} };
  const root = isRoot();
  const env = await writePodmanConfig({ root, runtime: found.runtime ?? 'crun', registries });
  await run('podman', ['info', '--format', '{{.Store.GraphDriverName}}'], {
    env,
    remedy: `If its storage is damaged, stop the local cloud and remove ${podmanFolders().graph}.`,
  });
  return {
    kind: 'podman',
    version: found.version,
    env,
    hostAddress: root ? bridge.gateway : undefined,
    serve: (socket) => ['podman', 'system', 'service', '--time=0', `unix://${socket}`],
  };
}
