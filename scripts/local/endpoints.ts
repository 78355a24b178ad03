/** Published endpoints: each HTTP API and public load balancer gets a port of its own on this machine, remembered over
 * restarts. A request keeps its path; the host name that the emulator needs is set on the way. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { endToEnd, forward, rawPairs, relay, tunnel } from './http-forward';
import { readJson, writeJson } from './json-file';
import { environmentNames, ports, type Environment, type Places } from './places';
import type { PublishedEndpoint } from './wire';

type Kind = PublishedEndpoint['kind'];

interface Remembered {
  readonly port: number;
  /** Host name towards the emulator. */
  readonly host: string;
}

/** A request to an HTTP API may carry 10 MB, as on AWS. */
const apiBodyLimit = 10 * 1024 * 1024;

export class Endpoints {
  private readonly servers = new Map<string, Server>();
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
  publish(environment: Environment, kind: Kind, id: string, host: string): Promise<string> {
    const key = `${environment}/${kind}/${id}`;
    const result = this.queue.then(async () => {
      if (!this.servers.has(key)) await this.open(key, environment, kind, host);
      return url(this.remembered[key]?.port ?? 0);
    });
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
    for (const [key, { host }] of Object.entries(this.remembered)) {
      const [owner, kind, ...id] = key.split('/');
      if (owner === environment) await this.publish(environment, kind as Kind, id.join('/'), host);
    }
  }

  list(environment: Environment): PublishedEndpoint[] {
    return Object.entries(this.remembered)
      .filter(([key]) => key.startsWith(`${environment}/`) && this.servers.has(key))
      .map(([key, { port }]) => {
        const [, kind, ...id] = key.split('/');
        return { kind: kind as Kind, id: id.join('/'), url: url(port) };
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
    const server = this.servers.get(key);
    this.servers.delete(key);
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  private async open(key: string, environment: Environment, kind: Kind, host: string): Promise<void> {
    const emulator = ports.emulator(this.where.port, environment);
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
      const server = serverFor(kind, host, emulator);
      if (!(await tryListen(server, port))) continue;
      if (wanted && port !== wanted)
        this.incident(`Port ${wanted} of ${key} is taken by another program; it moved to ${port}.`);
      this.servers.set(key, server);
      this.remembered[key] = { port: (server.address() as AddressInfo).port, host };
      writeJson(this.file, this.remembered);
      return;
    }
    throw new Error(`no free port from ${first} on for ${key} (${environmentNames.length} environments)`);
  }
}

function url(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function tryListen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
}

function serverFor(kind: Kind, host: string, emulatorPort: number): Server {
  const server = createServer((request, response) => {
    serve(request, response, kind, host, emulatorPort).catch((error: unknown) => {
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

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  kind: Kind,
  host: string,
  emulatorPort: number,
): Promise<void> {
  if (kind === 'api' && Number(request.headers['content-length'] ?? 0) > apiBodyLimit) {
    request.resume();
    return answer(response, 413, 'Request Entity Too Large');
  }
  const headers = endToEnd(request.headers);
  const client = request.socket.remoteAddress ?? '127.0.0.1';
  const before = request.headers['x-forwarded-for'];
  if (kind === 'api') {
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
  relay(given, response);
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ message }));
}
