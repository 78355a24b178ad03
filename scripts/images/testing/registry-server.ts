/** For tests: a registry and the few ECR calls beside it in this process, with faults on demand. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Fault {
  /** Which requests: `PUT /v2/.../blobs/uploads`, as a pattern on "METHOD path". */
  readonly on: RegExp;
  /** How many of them. */
  times: number;
  /** `drop` closes the connection in the middle of the request's body. */
  readonly how: 'drop' | 'wrong-digest' | 'wrong-bytes' | { readonly status: number; readonly body?: string };
}

interface Stored {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { bytes: Buffer; type: string }>;
  readonly tags: Map<string, string>;
  readonly mutability: 'MUTABLE' | 'IMMUTABLE';
}

export class RegistryServer {
  readonly repositories = new Map<string, Stored>();
  readonly requests: string[] = [];
  readonly faults: Fault[] = [];
  /** Expected Authorization header. */
  authorization: string | undefined;
  readonly #server: Server = createServer((request, response) => void this.#handle(request, response));
  #uploads = 0;

  async start(): Promise<string> {
    await new Promise<void>((ready) => this.#server.listen(0, '127.0.0.1', ready));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  create(name: string, mutability: Stored['mutability'] = 'IMMUTABLE'): Stored {
    const stored: Stored = { blobs: new Map(), manifests: new Map(), tags: new Map(), mutability };
    this.repositories.set(name, stored);
    return stored;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    const fault = this.faults.find(({ on, times }) => times > 0 && on.test(line));
    if (fault !== undefined) fault.times--;
    if (fault?.how === 'drop') {
      request.once('data', () => request.socket.destroy());
      if (request.method !== 'PUT') request.socket.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const how = fault?.how;
    if (typeof how === 'object') return answer(response, how.status, {}, how.body ?? '');
    if (request.headers['x-amz-target'] !== undefined) return this.#ecr(request, response, Buffer.concat(chunks));
    if (this.authorization !== undefined && request.headers.authorization !== this.authorization) {
      return answer(response, 401, {}, problem('UNAUTHORIZED', 'no'));
    }
    this.#registry(request, response, Buffer.concat(chunks), how);
  }

  #registry(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    how: 'wrong-digest' | 'wrong-bytes' | undefined,
  ): void {
    const url = new URL(request.url ?? '', 'http://registry');
    const match = /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(url.pathname);
    const [, name = '', kind = '', reference = ''] = match ?? [];
    const stored = this.repositories.get(name);
    if (stored === undefined) return answer(response, 404, {}, problem('NAME_UNKNOWN', `no repository ${name}`));
    if (kind === 'blobs/uploads') return this.#upload(request, response, { url, name, stored, body, how });
    if (kind === 'blobs') {
      const blob = stored.blobs.get(reference);
      if (blob === undefined) return answer(response, 404, {}, problem('BLOB_UNKNOWN', 'no such blob'));
      const bytes = how === 'wrong-bytes' ? Buffer.alloc(blob.length) : blob;
      return answer(response, 200, { 'docker-content-digest': reference }, request.method === 'HEAD' ? '' : bytes);
    }
    if (request.method === 'PUT') {
      const digest = digestOf(body);
      stored.manifests.set(digest, { bytes: body, type: request.headers['content-type'] ?? '' });
      if (!reference.startsWith('sha256:')) stored.tags.set(reference, digest);
      return answer(
        response,
        201,
        { 'docker-content-digest': how === 'wrong-digest' ? digestOf(Buffer.from('x')) : digest },
        '',
      );
    }
    const digest = stored.tags.get(reference) ?? reference;
    const manifest = stored.manifests.get(digest);
    if (manifest === undefined) return answer(response, 404, {}, problem('MANIFEST_UNKNOWN', 'no such manifest'));
    const headers = { 'content-type': manifest.type, 'docker-content-digest': digest };
    answer(response, 200, headers, request.method === 'HEAD' ? '' : manifest.bytes);
  }

  #upload(
    request: IncomingMessage,
    response: ServerResponse,
    { url, name, stored, body, how }: { url: URL; name: string; stored: Stored; body: Buffer; how?: string },
  ): void {
    if (request.method === 'POST') {
      const mounted = this.repositories
        .get(url.searchParams.get('from') ?? '')
        ?.blobs.get(url.searchParams.get('mount') ?? '');
      if (mounted !== undefined) {
        stored.blobs.set(digestOf(mounted), mounted);
        return answer(response, 201, {}, '');
      }
      return answer(response, 202, { location: `/v2/${name}/blobs/uploads/${++this.#uploads}?state=x` }, '');
    }
    const digest = url.searchParams.get('digest') ?? '';
    if (digestOf(body) !== digest) return answer(response, 400, {}, problem('DIGEST_INVALID', 'not those bytes'));
    stored.blobs.set(digest, body);
    answer(
      response,
      201,
      { 'docker-content-digest': how === 'wrong-digest' ? digestOf(Buffer.from('x')) : digest },
      '',
    );
  }

  #ecr(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const input = JSON.parse(body.toString()) as {
      repositoryName?: string;
      repositoryNames?: string[];
      imageIds?: { imageDigest?: string; imageTag?: string }[];
    };
    const name = input.repositoryName ?? input.repositoryNames?.[0] ?? '';
    const stored = this.repositories.get(name);
    const type = { 'content-type': 'application/x-amz-json-1.1' };
    if (stored === undefined) {
      return answer(response, 400, type, JSON.stringify({ __type: 'RepositoryNotFoundException', message: name }));
    }
    if (/DescribeRepositories$/.test(String(request.headers['x-amz-target']))) {
      return answer(
        response,
        200,
        type,
        JSON.stringify({ repositories: [{ repositoryName: name, imageTagMutability: stored.mutability }] }),
      );
    }
    const id = input.imageIds?.[0] ?? {};
    const digest = id.imageDigest ?? stored.tags.get(id.imageTag ?? '') ?? '';
    if (!stored.manifests.has(digest)) {
      return answer(response, 400, type, JSON.stringify({ __type: 'ImageNotFoundException', message: digest }));
    }
    const imageTags = [...stored.tags].filter(([, value]) => value === digest).map(([tag]) => tag);
    answer(response, 200, type, JSON.stringify({ imageDetails: [{ imageDigest: digest, imageTags }] }));
  }
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function problem(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void {
  response.writeHead(status, headers).end(body);
}
