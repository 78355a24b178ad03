/** Addresses that only exist on AWS, and where the same thing answers on this machine. The synthesised stacks are the same for
 * both (decision 003), so what they say of themselves is translated where somebody uses it: in outputs, and in the variables of
 * containers. Pure. */
import type { PublishedEndpoint } from './wire';

export interface AddressTable {
  readonly endpoints: readonly PublishedEndpoint[];
  /** The AWS endpoint of the account, where Cognito and S3 answer. */
  readonly gateway: string;
}

type Localise = (value: string) => string;

const executeApi = /^([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com$/;
const cognito = /^cognito-idp\.[a-z0-9-]+\.amazonaws\.com$/;
const s3 = /^(?:([a-z0-9][a-z0-9.-]*)\.)?s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com$/;
const url = /\b(https?|wss?):\/\/([A-Za-z0-9.-]+)(?::(\d+))?((?:[/?#][^\s"'<>]*)?)/g;

/** Puts the local address for every AWS address in a text; a value that is nothing but a host name becomes a URL. */
export function localiser(table: AddressTable): Localise {
  return (value) => {
    const whole = published(value.toLowerCase(), table);
    if (whole) return whole.url;
    return value.replace(url, (all, scheme: string, host: string, port: string | undefined, rest: string) => {
      if (port !== undefined && port !== '443' && port !== '80') return all;
      const local = base(host.toLowerCase(), rest, table);
      if (local === undefined) return all;
      return `${scheme.startsWith('ws') ? local.replace(/^http/, 'ws') : local}${rest}`;
    });
  };
}

/** A content security policy that allows here what it allows on AWS: sources that name AWS hosts, wildcards too, become the local
 * ones, and nothing is upgraded to a TLS that does not exist. */
export function localisePolicy(policy: string, table: AddressTable): string {
  const localise = localiser(table);
  return policy
    .split(';')
    .map((directive) => directive.trim().split(/\s+/))
    .filter(([name]) => name && name !== 'upgrade-insecure-requests')
    .map(([name = '', ...sources]) => [name, ...new Set(sources.flatMap((source) => here(source, localise, table)))])
    .map((parts) => parts.join(' '))
    .join('; ');
}

/** What stands for one source of a policy. */
function here(source: string, localise: Localise, { endpoints, gateway }: AddressTable): string[] {
  const suffix = /^(?:https|wss):\/\/\*\.(.+)$/.exec(source)?.[1];
  if (!suffix) return [localise(source)];
  const urls = (...kinds: PublishedEndpoint['kind'][]): string[] =>
    endpoints.filter(({ kind }) => kinds.includes(kind)).map((endpoint) => endpoint.url);
  if (/^execute-api\.[a-z0-9-]+\.amazonaws\.com$/.test(suffix)) return urls('api', 'rest');
  if (suffix === 'cloudfront.net') return urls('cdn');
  if (/^(?:[a-z0-9-]+\.)?elb\.amazonaws\.com$/.test(suffix)) return urls('alb');
  if (/^s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com$/.test(suffix)) return [gateway];
  if (suffix === 'amazonaws.com') return [gateway, ...urls('api', 'rest', 'alb')];
  return [source];
}

/** The same URL as a container reaches it: by the address under which it sees this machine. */
export function reachableFrom(address: string, local: string): string {
  return local.replace(/^(https?|wss?):\/\/127\.0\.0\.1\b/, `$1://${address}`);
}

/** A table whose addresses containers can reach. */
export function tableFor(address: string, table: AddressTable): AddressTable {
  return {
    gateway: reachableFrom(address, table.gateway),
    endpoints: table.endpoints.map((endpoint) => ({ ...endpoint, url: reachableFrom(address, endpoint.url) })),
  };
}

function published(host: string, { endpoints }: AddressTable): PublishedEndpoint | undefined {
  const api = executeApi.exec(host)?.[1];
  return endpoints.find((endpoint) =>
    endpoint.kind === 'api' || endpoint.kind === 'rest'
      ? endpoint.id === api
      : endpoint.host === host || (endpoint.aliases ?? []).includes(host),
  );
}

function base(host: string, rest: string, table: AddressTable): string | undefined {
  const known = published(host, table);
  if (known) return known.url.replace(/^ws/, 'http');
  // `https://cognito-idp.<region>.amazonaws.com/<pool>` names the issuer of tokens, which stays what it is.
  if (cognito.test(host)) return /^\/?$|\/\.well-known\//.test(rest) ? table.gateway : undefined;
  const bucket = s3.exec(host);
  if (bucket) return bucket[1] ? `${table.gateway}/${bucket[1]}` : table.gateway;
  return undefined;
}
