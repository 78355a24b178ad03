/** Published endpoints: each API, public load balancer and distribution gets a port of its own on this machine, remembered over
 * restarts. A request keeps its path; the host name that the emulator needs is set on the way. Containers reach an endpoint at the
 * same port of the address under which they see this machine. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { localisePolicy } from './addresses';
import { endToEnd, forward, rawPairs, relay, tunnel } from './http-forward';
import { readJson, writeJson } from './json-file';
import { environmentNames, ports, type Environment, type Places } from './places';
import type { PublishedEndpoint } from './wire';

type Kind = PublishedEndpoint['kind'];

interface Remembered {
  readonly port: number;
  /** Host name towards the emulator. */
  readonly host: string;
  readonly aliases?: readonly string[];
}

/** A request to an API may carry 10 MB, as on AWS. */
const apiBodyLimit = 10 * 1024 * 1024;

export class Endpoints {
  /** Each endpoint's servers by the address they listen at: 127.0.0.1, and those at which containers see this machine. */
  private readonly servers = new Map<string, Map<string, Server>>();
  /** Addresses at which containers of an environment see this machine. */
  private readonly inside = new Map<Environment, Set<string>>();
  private readonly remembered: Record<string, Remembered>;
  private readonly file: string;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly where: Places,
    private readonly incident: (what: string) => void,
  ) {
    this.file = join(where.folder, 'endpoints.json');
    this.remembered = readJson<Record<string, Remembered>>(this.file) ?? {};
  }

  /** Publishes (or finds) an endpoint and gives its URL. Calls are served one after the other, so ports are never shared. */
  publish(
    environment: Environment,
    kind: Kind,
    id: string,
    host: string,
    aliases?: readonly string[],
  ): Promise<string> {
    const key = `${environment}/${kind}/${id}`;
    return this.inTurn(async () => {
      const known = this.remembered[key];
      // A new thing of an old name has another host name.
      if (known && known.host !== host) await this.shut(key);
      if (!this.servers.has(key)) await this.open(key, environment, kind, host);
      const { port } = this.remembered[key] ?? { port: 0 };
      if (JSON.stringify(this.remembered[key]) !== JSON.stringify(remember(port, host, aliases))) {
        this.remembered[key] = remember(port, host, aliases);
        writeJson(this.file, this.remembered);
      }
      return url(port);
    });
  }

  /** Makes an environment's endpoints reachable for containers at this address of the machine, now and later. To be called with
   * every container: Podman takes the address away while there is none. */
  openInside(environment: Environment, address: string): Promise<void> {
    return this.inTurn(async () => {
      this.inside.set(environment, (this.inside.get(environment) ?? new Set()).add(address));
      for (const key of this.servers.keys()) {
        if (key.startsWith(`${environment}/`)) await this.listenInside(key, environment, address);
      }
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  async release(environment: Environment, kind: Kind, id: string): Promise<void> {
    const key = `${environment}/${kind}/${id}`;
    delete this.remembered[key];
    writeJson(this.file, this.remembered);
    await this.shut(key);
  }

  /** Opens again what an environment had published. */
  async restore(environment: Environment): Promise<void> {
    for (const [key, { host, aliases }] of Object.entries(this.remembered)) {
      const [owner, kind, ...id] = key.split('/');
      if (owner === environment) await this.publish(environment, kind as Kind, id.join('/'), host, aliases);
    }
  }

  list(environment: Environment): PublishedEndpoint[] {
    return Object.entries(this.remembered)
      .filter(([key]) => key.startsWith(`${environment}/`) && this.servers.has(key))
      .map(([key, { port, host, aliases }]) => {
        const [, kind, ...id] = key.split('/');
        return { kind: kind as Kind, id: id.join('/'), url: url(port), host, ...(aliases ? { aliases } : {}) };
      });
  }

  async forget(environment: Environment): Promise<void> {
    for (const key of Object.keys(this.remembered)) {
      const [owner, kind, ...id] = key.split('/');
      if (owner === environment) await this.release(environment, kind as Kind, id.join('/'));
    }
  }

  async close(environment?: Environment): Promise<void> {
    for (const key of [...this.servers.keys()]) {
      if (!environment || key.startsWith(`${environment}/`)) await this.shut(key);
    }
  }

  private async shut(key: string): Promise<void> {
    const servers = this.servers.get(key);
    this.servers.delete(key);
    await Promise.all(
      [...(servers?.values() ?? [])].map(async (server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        await closed;
      }),
    );
  }

  private async listenInside(key: string, environment: Environment, address: string): Promise<void> {
    const servers = this.servers.get(key);
    const { port, host } = this.remembered[key] ?? {};
    if (!servers || servers.has(address) || port === undefined || host === undefined) return;
    const server = this.serverFor(key.split('/')[1] as Kind, host, environment);
    const problem = await tryListen(server, port, address);
    if (!problem) servers.set(address, server);
    else if (problem !== 'EADDRNOTAVAIL')
      this.incident(`Containers cannot reach ${key} at port ${port} of ${address}: ${problem}.`);
  }

  private serverFor(kind: Kind, host: string, environment: Environment): Server {
    const gateway = url(ports.gateway(this.where.port, environment));
    return serverFor({
      kind,
      host,
      emulatorPort: ports.emulator(this.where.port, environment),
      policy: (policy) => localisePolicy(policy, { gateway, endpoints: this.list(environment) }),
    });
  }

  private async open(key: string, environment: Environment, kind: Kind, host: string): Promise<void> {
    const wanted = this.remembered[key]?.port;
    const taken = new Set(
      Object.entries(this.remembered)
        .filter(([k]) => k !== key)
        .map(([, r]) => r.port),
    );
    const first = ports.firstEndpoint(this.where.port);
    const choices = [
      ...(wanted ? [wanted] : []),
      ...Array.from({ length: 200 }, (_, n) => first + n).filter((p) => !taken.has(p)),
    ];
    for (const port of choices) {
      const server = this.serverFor(kind, host, environment);
      if (await tryListen(server, port, '127.0.0.1')) continue;
      if (wanted && port !== wanted)
        this.incident(`Port ${wanted} of ${key} is taken by another program; it moved to ${port}.`);
      this.servers.set(key, new Map([['127.0.0.1', server]]));
      this.remembered[key] = remember((server.address() as AddressInfo).port, host, this.remembered[key]?.aliases);
      writeJson(this.file, this.remembered);
      for (const address of this.inside.get(environment) ?? []) await this.listenInside(key, environment, address);
      return;
    }
    throw new Error(`no free port from ${first} on for ${key} (${environmentNames.length} environments)`);
  }
}

function remember(port: number, host: string, aliases?: readonly string[]): Remembered {
  return { port, host, ...(aliases?.length ? { aliases } : {}) };
}

function url(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Starts to listen; gives the code of what is in the way. */
function tryListen(server: Server, port: number, address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, address, () => resolve(undefined));
  });
}

interface Served {
  readonly kind: Kind;
  readonly host: string;
  readonly emulatorPort: number;
  /** A content security policy as it must read on this machine. */
  readonly policy: (policy: string) => string;
}

function serverFor(served: Served): Server {
  const { host, emulatorPort } = served;
  const server = createServer((request, response) => {
    serve(request, response, served).catch((error: unknown) => {
      if (response.headersSent) return void response.destroy();
      const tooLarge = (error as { code?: string }).code === 'ETOOLARGE';
      answer(response, tooLarge ? 413 : 503, tooLarge ? 'Request Entity Too Large' : 'Service Unavailable');
    });
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = 75_000;
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    tunnel(request, socket, head, { port: emulatorPort }, request.url ?? '/', rawPairs(request, { host }));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

async function serve(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const { kind, host, emulatorPort, policy } = served;
  if ((kind === 'api' || kind === 'rest') && Number(request.headers['content-length'] ?? 0) > apiBodyLimit) {
    request.resume();
    return answer(response, 413, kind === 'rest' ? 'Request Too Long' : 'Request Entity Too Large');
  }
  const headers = endToEnd(request.headers);
  const client = request.socket.remoteAddress ?? '127.0.0.1';
  const before = request.headers['x-forwarded-for'];
  if (kind === 'cdn') {
    // A viewer on AWS would come over TLS: nothing is redirected to a port that does not exist.
    headers['x-forwarded-proto'] = 'https';
  } else if (kind !== 'alb') {
    headers['x-forwarded-for'] = before ? `${String(before)}, ${client}` : client;
    headers['x-forwarded-proto'] = 'http';
    headers['x-forwarded-port'] = String(request.socket.localPort ?? '');
  }
  headers.host = host;
  const given = await forward(request, {
    to: { port: emulatorPort },
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers,
    patienceMs: 15_000,
  });
  const answered = endToEnd(given.headers);
  const restricted = answered['content-security-policy'];
  if (kind === 'cdn' && typeof restricted === 'string') answered['content-security-policy'] = policy(restricted);
  relay(given, response, answered);
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ message }));
}
