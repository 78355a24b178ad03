/** What the emulator says to the container engine, put into terms of this machine: images of the account's registry, labels,
 * and addresses under which a container reaches the gateway. Pure. */
import { callerToken } from './gateway';
import { environmentOfAccount, localSecretKey, ports, type Environment } from './places';

export interface RewriteContext {
  readonly environment: Environment;
  readonly account: string;
  readonly region: string;
  readonly basePort: number;
  readonly homeId: string;
  /** Address of the gateway as a container sees it. */
  readonly gatewayHost: string;
  /** Hard limits of the engine's service: a container asked to have more does not start. */
  readonly limits?: Readonly<Record<string, number>>;
}

const registryHost = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/(.+)$/;

export interface RegistryImage {
  /** Reference that the engine can really pull: `127.0.0.1:<port>/<repository>@sha256:...`. */
  readonly reference: string;
  readonly repository: string;
  readonly port: number;
}

/** The emulated registry's name of an ECR image; undefined for any other image. */
export function registryImage(image: string, basePort: number): RegistryImage | undefined {
  const match = registryHost.exec(image);
  const owner = match ? environmentOfAccount(match[1] ?? '') : undefined;
  if (!match || !owner) return undefined;
  const port = ports.gateway(basePort, owner);
  const name = match[3] ?? '';
  return { reference: `127.0.0.1:${port}/${name}`, repository: name.split('@')[0]?.split(':')[0] ?? name, port };
}

export interface CreateBody {
  Image?: string;
  Env?: string[];
  Labels?: Record<string, string>;
  HostConfig?: Record<string, unknown>;
  [key: string]: unknown;
}

/** A container of the emulator as this machine's engine should make it. */
export function rewriteCreate(body: CreateBody, context: RewriteContext): CreateBody {
  const image = body.Image ? registryImage(body.Image, context.basePort) : undefined;
  const labels = body.Labels ?? {};
  const family = labels['com.amazonaws.ecs.task-definition-family'];
  const caller = family
    ? `${family}/${labels['com.amazonaws.ecs.container-name'] ?? ''}`
    : (labels['ministack'] ?? 'container');
  const endpoint = `http://${context.gatewayHost}:${ports.gateway(context.basePort, context.environment)}`;
  const kept: string[] = [];
  const own = new Set<string>();
  for (const entry of body.Env ?? []) {
    const name = entry.slice(0, entry.indexOf('='));
    // The SDKs refuse a credentials address outside of loopback; keys are given instead.
    if (name === 'AWS_CONTAINER_CREDENTIALS_FULL_URI' || name === 'AWS_CONTAINER_AUTHORIZATION_TOKEN') continue;
    own.add(name);
    kept.push(name === 'AWS_ENDPOINT_URL' ? `${name}=${endpoint}` : entry.replace(emulatorAddress(context), endpoint));
  }
  const given: Record<string, string> = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: context.account,
    AWS_SECRET_ACCESS_KEY: localSecretKey,
    AWS_SESSION_TOKEN: `${callerToken}${caller}`,
    AWS_REGION: context.region,
    AWS_DEFAULT_REGION: context.region,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  for (const [name, value] of Object.entries(given)) if (!own.has(name)) kept.push(`${name}=${value}`);
  const host = body.HostConfig ?? {};
  const limits = [...((host['Ulimits'] as Array<{ Name?: string }> | null | undefined) ?? [])];
  for (const [name, value] of Object.entries(context.limits ?? {})) {
    if (!limits.some(({ Name }) => Name === name))
      limits.push({ Name: name, Soft: value, Hard: value } as { Name: string });
  }
  if (limits.length) host['Ulimits'] = limits;
  if (/^[\d.]+$/.test(context.gatewayHost)) {
    // The name that Docker Desktop gives to this machine, for what else a person runs on it.
    const others = ((host['ExtraHosts'] as string[] | null | undefined) ?? []).filter(
      (entry) => !entry.startsWith('host.docker.internal:'),
    );
    host['ExtraHosts'] = [...others, `host.docker.internal:${context.gatewayHost}`];
  }
  return {
    ...body,
    ...(image ? { Image: image.reference } : {}),
    HostConfig: host,
    Env: kept,
    Labels: { ...labels, 'sluice.home': context.homeId, 'sluice.environment': context.environment },
  };
}

function emulatorAddress(context: RewriteContext): RegExp {
  const port = ports.emulator(context.basePort, context.environment);
  return new RegExp(`http://(?:host\\.docker\\.internal|localhost|127\\.0\\.0\\.1):${port}`, 'g');
}

/** `/v1.41/images/<name>/json` in its parts; the name may hold slashes. */
export function dockerPath(target: string): { version: string; path: string; query: URLSearchParams } {
  const at = target.indexOf('?');
  const whole = at < 0 ? target : target.slice(0, at);
  const match = /^(\/v\d+\.\d+)?(\/.*)$/.exec(whole);
  return {
    version: match?.[1] ?? '',
    path: match?.[2] ?? whole,
    query: new URLSearchParams(at < 0 ? '' : target.slice(at + 1)),
  };
}

/** Image named in a path such as `/images/<name>/json`. */
export function imageInPath(path: string): { name: string; action: string } | undefined {
  const match = /^\/(?:images|distribution)\/(.+?)(?:\/(json|tag|push|history))?$/.exec(path);
  if (!match || ['create', 'json', 'load', 'search', 'prune', 'get'].includes(match[1] ?? '')) return undefined;
  return { name: decodeURIComponent(match[1] ?? ''), action: match[2] ?? '' };
}

/** `fromImage` and `tag` of a pull as one reference. */
export function pulledImage(query: URLSearchParams): string {
  const image = query.get('fromImage') ?? '';
  const tag = query.get('tag') ?? '';
  if (!tag || image.includes('@')) return image;
  return tag.startsWith('sha256:') ? `${image}@${tag}` : `${image}:${tag}`;
}
