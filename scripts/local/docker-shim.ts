/** The container engine as the emulator sees it: a Docker API on a socket of ours. Images of the account's registry are really
 * pulled from it, containers get our labels and addresses, and everything else passes through untouched, streams included. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Socket } from 'node:net';
import { ContainerChecks } from './container-checks';
import {
  dockerPath,
  imageInPath,
  pulledImage,
  registryImage,
  type RegistryImage,
  rewriteCreate,
  type CreateBody,
  type RewriteContext,
} from './docker-rewrite';
import type { Engine } from './engine';
import { endToEnd, forward, rawPairs, readAll, relay, tunnel } from './http-forward';

export interface ShimOptions {
  readonly engine: Engine;
  readonly path: string;
  readonly context: Omit<RewriteContext, 'gatewayHost'>;
  /** Makes the gateway reachable for containers at this address of the machine. */
  readonly openGateway: (address: string) => Promise<void>;
}

export class DockerShim {
  private server: Server | undefined;
  private readonly checks: ContainerChecks;

  constructor(private readonly options: ShimOptions) {
    this.checks = new ContainerChecks(options.engine);
  }

  async start(): Promise<void> {
    mkdirSync(dirname(this.options.path), { recursive: true, mode: 0o700 });
    rmSync(this.options.path, { force: true });
    const server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) => say(response, 500, String(error)));
    });
    server.requestTimeout = 0;
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      tunnel(request, socket, head, { socketPath: this.options.engine.socket }, request.url ?? '/', rawPairs(request));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.options.path, () => resolve());
    });
    this.server = server;
  }

  async stop(): Promise<void> {
    this.checks.stop();
    const { server } = this;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    rmSync(this.options.path, { force: true });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { engine, context } = this.options;
    const method = request.method ?? 'GET';
    const { version, path, query } = dockerPath(request.url ?? '/');

    if (method === 'POST' && path === '/containers/create') {
      const asked = JSON.parse((await readAll(request)).toString()) as CreateBody;
      const gatewayHost = await engine.hostAddress();
      const image = asked.Image ? registryImage(asked.Image, context.basePort) : undefined;
      const problem = image ? await this.obtain(image) : undefined;
      if (problem) return say(response, 404, `No such image: ${asked.Image} (${problem})`);
      const body = Buffer.from(
        JSON.stringify(rewriteCreate(asked, { ...context, gatewayHost, limits: engine.limits() })),
      );
      return this.pass(request, response, request.url ?? '/', body);
    }
    if (method === 'POST' && path === '/images/create') {
      const image = registryImage(pulledImage(query), context.basePort);
      if (image) {
        request.resume();
        const problem = await this.obtain(image);
        if (problem) return say(response, 404, `manifest for ${pulledImage(query)} not found: ${problem}`);
        response.writeHead(200, { 'content-type': 'application/json' });
        return void response.end(
          `${JSON.stringify({ status: `Status: Image is up to date for ${pulledImage(query)}` })}\n`,
        );
      }
    }
    const named = imageInPath(path);
    const known = named ? registryImage(named.name, context.basePort) : undefined;
    if (named && path.startsWith('/distribution/') && known) return this.describe(response, known);
    if (named && known) {
      if (!(await manifest(known))) return say(response, 404, `No such image: ${named.name}`);
      const tail = named.action ? `/${named.action}` : '';
      const search = (request.url ?? '').includes('?') ? `?${query.toString()}` : '';
      return this.pass(request, response, `${version}/images/${encodeURIComponent(known.reference)}${tail}${search}`);
    }
    const start = method === 'POST' ? /^\/containers\/([^/]+)\/start$/.exec(path) : null;
    if (start?.[1]) await this.prepare(start[1]);
    await this.pass(request, response, request.url ?? '/');
    if (start?.[1]) this.checks.watch(start[1]);
  }

  /** Makes an image of the account's registry available; gives what went wrong. The registry must hold it even when the engine
   * has the same bytes from elsewhere, as they would not be on AWS; but bytes that are here are not pulled again. */
  private async obtain(image: RegistryImage): Promise<string | undefined> {
    if (!(await manifest(image)))
      return `the registry does not hold ${image.reference.slice(image.reference.indexOf('/') + 1)}`;
    const fixed = image.reference.includes('@');
    return fixed && (await this.options.engine.has(image.reference))
      ? undefined
      : this.options.engine.pull(image.reference);
  }

  /** Podman makes its network with the first container; the gateway must listen there before that container runs. */
  private async prepare(container: string): Promise<void> {
    const { engine } = this.options;
    if (engine.kind === 'podman')
      await engine.call('POST', `/v4.0.0/libpod/containers/${container}/init`).catch(() => undefined);
    await this.options.openGateway(await engine.hostAddress());
  }

  /** Docker's question for the digest behind a name, which Podman's API does not know. */
  private async describe(
    response: ServerResponse,
    image: { reference: string; repository: string; port: number },
  ): Promise<void> {
    const found = await manifest(image);
    if (!found) return say(response, 404, `manifest unknown: ${image.repository}`);
    const { digest, mediaType, size } = found;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        Descriptor: { mediaType, digest, size },
        Platforms: [{ os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }],
      }),
    );
  }

  private async pass(request: IncomingMessage, response: ServerResponse, path: string, body?: Buffer): Promise<void> {
    const answer = await forward(request, {
      to: { socketPath: this.options.engine.socket },
      method: request.method ?? 'GET',
      path,
      headers: { ...endToEnd(request.headers), host: 'engine' },
      body,
      patienceMs: 5000,
    });
    relay(answer, response);
  }
}

const manifestTypes = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

async function manifest(
  image: RegistryImage,
): Promise<{ digest: string; mediaType: string; size: number } | undefined> {
  const name = image.reference.slice(image.reference.indexOf('/') + 1);
  const wanted = name.includes('@') ? name.split('@')[1] : (/:([^/:]+)$/.exec(name)?.[1] ?? 'latest');
  const url = `http://127.0.0.1:${image.port}/v2/${image.repository}/manifests/${wanted}`;
  const answer = await fetch(url, { headers: { accept: manifestTypes } });
  const size = (await answer.arrayBuffer()).byteLength;
  const digest = answer.headers.get('docker-content-digest');
  return answer.ok && digest ? { digest, mediaType: answer.headers.get('content-type') ?? '', size } : undefined;
}

function say(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ message }));
}
