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
  /** An AWS address in a variable's value as a container reaches it here. @default - as it is */
  readonly localise?: (value: string, gatewayHost: string) => string;
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
  const gateway = ports.gateway(context.basePort, context.environment);
  const endpoint = `http://${context.gatewayHost}:${gateway}`;
  const localise = (value: string): string => context.localise?.(value, context.gatewayHost) ?? value;
  const variables = new Map<string, string>();
  for (const entry of body.Env ?? []) {
    const at = entry.indexOf('=');
    const [name, value] = at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    // The SDKs refuse a credentials address outside of loopback; keys are given instead.
    if (name === 'AWS_CONTAINER_CREDENTIALS_FULL_URI' || name === 'AWS_CONTAINER_AUTHORIZATION_TOKEN') continue;
    variables.set(
      name,
      name === 'AWS_ENDPOINT_URL' ? endpoint : localise(value.replace(emulatorAddress(context), endpoint)),
    );
  }
  const region = regionOf(labels) ?? context.region;
  const given: Record<string, string> = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: context.account,
    AWS_SECRET_ACCESS_KEY: localSecretKey,
    AWS_SESSION_TOKEN: `${callerToken}${callerOf(labels, variables)}`,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    // Presigned addresses are for people and browsers, who are on this machine and not in a container.
    S3_PUBLIC_ENDPOINT: `http://127.0.0.1:${gateway}`,
  };
  // The emulator gives functions an empty token.
  for (const [name, value] of Object.entries(given)) if (!variables.get(name)) variables.set(name, value);
  const host = body.HostConfig ?? {};
  const limits = [...((host['Ulimits'] as Array<{ Name?: string }> | null | undefined) ?? [])];
  for (const [name, value] of Object.entries(context.limits ?? {})) {
    if (!limits.some(({ Name }) => Name === name))
      limits.push({ Name: name, Soft: value, Hard: value } as { Name: string });
  }
  if (limits.length) host['Ulimits'] = limits;
  if (labels['ministack'] === 'lambda') Object.assign(host, functionHost(host, variables, context.gatewayHost));
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
    Env: [...variables].map(([name, value]) => `${name}=${value}`),
    Labels: { ...labels, 'sluice.home': context.homeId, 'sluice.environment': context.environment },
  };
}

/** Who makes a call, for the ledger: `<task family>/<container>`, or `lambda/<function>`. */
function callerOf(labels: Record<string, string>, variables: ReadonlyMap<string, string>): string {
  const family = labels['com.amazonaws.ecs.task-definition-family'];
  if (family) return `${family}/${labels['com.amazonaws.ecs.container-name'] ?? ''}`;
  const kind = labels['ministack'] ?? 'container';
  return kind === 'lambda' ? `lambda/${variables.get('AWS_LAMBDA_FUNCTION_NAME') ?? ''}` : kind;
}

/** A task runs in the region of its own ARN, which need not be the emulator's default one. */
function regionOf(labels: Record<string, string>): string | undefined {
  return /^arn:aws[\w-]*:ecs:([a-z0-9-]+):/.exec(labels['com.amazonaws.ecs.task-arn'] ?? '')?.[1];
}

/** More than a function may use, by what the stand-in for its runtime needs itself. */
const RUNTIME_MIB = 96;

/** A function's surroundings on AWS: a read-only image, 512 MB at /tmp, no more memory than it was given. */
function functionHost(
  host: Record<string, unknown>,
  variables: ReadonlyMap<string, string>,
  gatewayHost: string,
): Record<string, unknown> {
  const memory = Number(variables.get('AWS_LAMBDA_FUNCTION_MEMORY_SIZE') ?? 128) + RUNTIME_MIB;
  // On Linux containers are reached at their own address; publishing a port would only take time.
  const direct = /^[\d.]+$/.test(gatewayHost);
  return {
    ...(direct ? { PortBindings: {} } : {}),
    ReadonlyRootfs: true,
    Tmpfs: {
      ...((host['Tmpfs'] as Record<string, string> | null | undefined) ?? {}),
      '/tmp': 'rw,size=512m,mode=1777',
    },
    Memory: memory * 1024 * 1024,
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
