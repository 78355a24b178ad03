/**
 * A client for the OCI distribution protocol, as far as images of one platform need it: bytes go up and down exactly
 * as they are, are checked against their digest on the way, and a broken connection starts that blob again.
 */
import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { UserError } from '../console/errors';

export interface RegistryOptions {
  /** For example `https://111111111111.dkr.ecr.us-east-1.amazonaws.com` or `http://127.0.0.1:4501`. */
  readonly endpoint: string;
  /** Value of the Authorization header; asked again after a 401. @default - none */
  readonly authorize?: (renew: boolean) => Promise<string>;
  /** @default 5 */
  readonly attempts?: number;
  /** First pause between attempts; it doubles. @default 300 */
  readonly pauseMs?: number;
  /** Without any byte for so long, a connection counts as dead. @default 60000 */
  readonly idleMs?: number;
}

export interface Blob {
  readonly digest: string;
  readonly size: number;
}

export interface ManifestBytes {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

/** The registry answered, but not with success. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';

  constructor(
    message: string,
    readonly status: number,
    /** The protocol's own word, such as NAME_UNKNOWN. */
    readonly code: string,
  ) {
    super(message);
  }
}

/** The bytes are not those of the digest. */
export class DigestError extends Error {
  override readonly name = 'DigestError';
}

export const MANIFEST_TYPES = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
];

type Call = Pick<Dispatcher.RequestOptions, 'method'> & {
  readonly headers?: Record<string, string>;
  readonly body?: Readable | Buffer;
};

export class RegistryClient {
  readonly endpoint: string;
  readonly #authorize: RegistryOptions['authorize'];
  readonly #dispatcher: Dispatcher;
  readonly #idleMs: number;
  readonly #policy;

  constructor({ endpoint, authorize, attempts = 5, pauseMs = 300, idleMs = 60_000 }: RegistryOptions) {
    this.endpoint = endpoint.replace(/\/$/, '');
    this.#authorize = authorize;
    this.#idleMs = idleMs;
    // A registry on this machine is never behind the proxy that the shell names.
    this.#dispatcher = endpoint.startsWith('http:') ? new Agent() : new EnvHttpProxyAgent();
    this.#policy = retry(handleWhen(isTransient), {
      maxAttempts: attempts - 1,
      backoff: new ExponentialBackoff({ initialDelay: pauseMs, maxDelay: 10_000 }),
    });
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** The digest that a tag or digest stands for; undefined when the registry does not have it. */
  async findManifest(repository: string, reference: string): Promise<string | undefined> {
    return this.#try(async () => {
      const url = `${this.endpoint}/v2/${repository}/manifests/${reference}`;
      const answer = await this.#send(url, { method: 'HEAD', headers: { accept: MANIFEST_TYPES.join(', ') } });
      await answer.body.dump();
      if (answer.statusCode === 404) return undefined;
      if (answer.statusCode !== 200) throw await failure(answer, `HEAD ${url}`);
      return header(answer, 'docker-content-digest') ?? (reference.startsWith('sha256:') ? reference : undefined);
    });
  }

  async getManifest(repository: string, reference: string): Promise<ManifestBytes> {
    return this.#try(async () => {
      const url = `${this.endpoint}/v2/${repository}/manifests/${reference}`;
      const answer = await this.#send(url, { method: 'GET', headers: { accept: MANIFEST_TYPES.join(', ') } });
      if (answer.statusCode !== 200) throw await failure(answer, `GET ${url}`);
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      if (reference.startsWith('sha256:') && digest !== reference)
        throw new DigestError(`${url} came back as ${digest}`);
      return { bytes, digest, mediaType: header(answer, 'content-type') ?? MANIFEST_TYPES[0] ?? '' };
    });
  }

  async putManifest(repository: string, reference: string, { bytes, mediaType, digest }: ManifestBytes): Promise<void> {
    await this.#try(async () => {
      const url = `${this.endpoint}/v2/${repository}/manifests/${reference}`;
      const answer = await this.#send(url, { method: 'PUT', headers: { 'content-type': mediaType }, body: bytes });
      if (answer.statusCode !== 201 && answer.statusCode !== 200) throw await failure(answer, `PUT ${url}`);
      await answer.body.dump();
      const stored = header(answer, 'docker-content-digest');
      if (stored !== undefined && stored !== digest)
        throw new DigestError(`${url} was stored as ${stored} instead of ${digest}`);
    });
  }

  async hasBlob(repository: string, digest: string): Promise<boolean> {
    return this.#try(async () => {
      const url = `${this.endpoint}/v2/${repository}/blobs/${digest}`;
      const answer = await this.#send(url, { method: 'HEAD' });
      await answer.body.dump();
      if (answer.statusCode === 404) return false;
      // Storage behind the registry may answer instead of it.
      if (answer.statusCode !== 200 && answer.statusCode !== 307) throw await failure(answer, `HEAD ${url}`);
      return true;
    });
  }

  /** The blob's bytes; the stream fails at its end when they are not those of the digest. */
  async getBlob(repository: string, { digest, size }: Blob): Promise<Readable> {
    return this.#try(async () => {
      const url = `${this.endpoint}/v2/${repository}/blobs/${digest}`;
      let answer = await this.#send(url, { method: 'GET' });
      for (let hops = 0; [301, 302, 303, 307, 308].includes(answer.statusCode) && hops < 5; hops++) {
        await answer.body.dump();
        const next = new URL(header(answer, 'location') ?? '', url);
        // Storage has its own signature in the address and refuses a second one.
        answer = await this.#request(next.href, { method: 'GET' });
      }
      if (answer.statusCode !== 200) throw await failure(answer, `GET ${url}`);
      const checked = checkDigest({ digest, size }, url);
      void pipeline(answer.body, checked).catch(() => undefined);
      return checked;
    });
  }

  /** Sends a blob in one piece. `open` is called again for each attempt; `onProgress` gets this attempt's bytes. */
  async putBlob(
    repository: string,
    blob: Blob,
    open: () => Promise<Readable>,
    onProgress?: (bytes: number) => void,
  ): Promise<void> {
    await this.#try(async () => {
      const start = `${this.endpoint}/v2/${repository}/blobs/uploads/`;
      const session = await this.#send(start, { method: 'POST', headers: { 'content-length': '0' } });
      if (session.statusCode === 201) return void (await session.body.dump());
      if (session.statusCode !== 202) throw await failure(session, `POST ${start}`);
      await session.body.dump();
      const place = new URL(header(session, 'location') ?? '', start);
      place.searchParams.set('digest', blob.digest);

      const source = await open();
      const checked = checkDigest(blob, 'what was read to be sent', onProgress);
      let broken: unknown;
      const sent = pipeline(source, checked).catch((error: unknown) => {
        broken = error;
      });
      try {
        const answer = await this.#send(place.href, {
          method: 'PUT',
          headers: { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) },
          body: checked,
        });
        if (answer.statusCode !== 201) throw await failure(answer, `PUT ${start}`);
        await answer.body.dump();
        const stored = header(answer, 'docker-content-digest');
        if (stored !== undefined && stored !== blob.digest) {
          throw new DigestError(`${this.endpoint} stored ${stored} instead of ${blob.digest}`);
        }
      } catch (error) {
        checked.destroy();
        source.destroy();
        await sent;
        // A damaged source shows at the connection as well; the source is the reason to tell.
        throw broken instanceof DigestError ? broken : error;
      }
    });
  }

  /** Makes a blob of another repository of the same registry available in this one; false when the registry will not. */
  async mountBlob(repository: string, digest: string, from: string): Promise<boolean> {
    return this.#try(async () => {
      const query = new URLSearchParams({ mount: digest, from });
      const url = `${this.endpoint}/v2/${repository}/blobs/uploads/?${query.toString()}`;
      const answer = await this.#send(url, { method: 'POST', headers: { 'content-length': '0' } });
      await answer.body.dump();
      return answer.statusCode === 201;
    });
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#policy.execute(work);
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      const { code, message } = error as Error & { code?: string };
      throw new UserError(`The registry ${this.endpoint} does not answer (${code ?? message}).`, {
        remedy: this.endpoint.startsWith('http:')
          ? 'The local cloud may have stopped: ./sluice doctor tells; ./sluice up starts it again.'
          : 'Check the network and the proxy settings of this shell, then run the command again; what was sent stays.',
        cause: error,
      });
    }
  }

  async #send(url: string, call: Call): Promise<Dispatcher.ResponseData> {
    if (this.#authorize === undefined) return this.#request(url, call);
    const first = await this.#request(url, call, await this.#authorize(false));
    // A body that was a stream is spent; the retry policy sends it again with the fresh token.
    if (first.statusCode !== 401 || call.body instanceof Readable) return first;
    await first.body.dump();
    return this.#request(url, call, await this.#authorize(true));
  }

  #request(url: string, { method, headers, body }: Call, authorization?: string): Promise<Dispatcher.ResponseData> {
    return request(url, {
      method,
      body,
      dispatcher: this.#dispatcher,
      headersTimeout: this.#idleMs,
      bodyTimeout: this.#idleMs,
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    });
  }
}

function checkDigest(blob: Blob, what: string, onProgress?: (bytes: number) => void): Transform {
  const hash = createHash('sha256');
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      seen += chunk.length;
      onProgress?.(seen);
      done(null, chunk);
    },
    flush(done) {
      const actual = `sha256:${hash.digest('hex')}`;
      const good = actual === blob.digest && seen === blob.size;
      done(
        good
          ? null
          : new DigestError(`${what} is ${actual} (${seen} bytes); expected ${blob.digest} (${blob.size} bytes)`),
      );
    },
  });
}

const CONNECTION_CODES = /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|UND_ERR_)/;

function isConnectionError(error: unknown): boolean {
  return CONNECTION_CODES.test((error as { code?: string }).code ?? '');
}

function isTransient(error: Error): boolean {
  if (error instanceof RegistryError) {
    return (
      error.status >= 500 || error.status === 429 || error.status === 401 || /^(BLOB_UPLOAD_|DIGEST_)/.test(error.code)
    );
  }
  return isConnectionError(error);
}

async function failure(answer: Dispatcher.ResponseData, what: string): Promise<RegistryError> {
  const text = await answer.body.text().catch(() => '');
  let code = '';
  let detail = text.slice(0, 300);
  try {
    const first = (JSON.parse(text) as { errors?: { code?: string; message?: string }[] }).errors?.[0];
    code = first?.code ?? '';
    detail = [code, first?.message].filter(Boolean).join(': ') || detail;
  } catch {
    // Not the protocol's JSON (a proxy's page, say): the text itself tells more.
  }
  return new RegistryError(
    `${what}: ${answer.statusCode}${detail === '' ? '' : ` ${detail}`}`,
    answer.statusCode,
    code,
  );
}

function header(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
