/**
 * Calls other people's HTTP APIs: bounded in time and size, tried again with jitter where that can help. Errors say what
 * was asked and what happened, never a header, a query or a body: these hold keys and what users write. No redirects,
 * because a header with a key must not follow one.
 */
import { setTimeout as delay } from 'node:timers/promises';

export type HttpFailure = 'status' | 'timeout' | 'network' | 'too_large' | 'format';

export class HttpClientError extends Error {
  override readonly name = 'HttpClientError';
  readonly failure: HttpFailure;
  /** With `status` only. */
  readonly status: number | undefined;

  constructor(failure: HttpFailure, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.failure = failure;
    this.status = options.status;
  }
}

export interface HttpClientOptions {
  /** For example `https://api.example.com/v1`; a path is kept. */
  readonly baseUrl: string;
  /** Of one try, headers and body. @default 10000 */
  readonly timeoutMilliseconds?: number;
  /** How often a call is tried when the answer is 429 or 5xx, does not come or breaks off. @default 3 */
  readonly tries?: number;
  /** Upper end of the first random wait; it doubles from try to try. @default 400 */
  readonly backoffMilliseconds?: number;
  /** @default 4000000 */
  readonly maxBytes?: number;
}

export interface HttpCall {
  /** @default 'GET' */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. @default - no body */
  readonly json?: unknown;
  /** @default - the client's */
  readonly tries?: number;
  /** Resolve for 4xx, too: of an API of our own, whose error bodies are worth reading. @default false */
  readonly refusals?: boolean;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

const MAX_WAIT_MILLISECONDS = 10_000;
const retriedStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

export class HttpClient {
  readonly #base: string;
  readonly #options: Required<Omit<HttpClientOptions, 'baseUrl'>>;

  constructor({ baseUrl, ...options }: HttpClientOptions) {
    this.#base = baseUrl.replace(/\/+$/, '');
    this.#options = {
      timeoutMilliseconds: options.timeoutMilliseconds ?? 10_000,
      tries: options.tries ?? 3,
      backoffMilliseconds: options.backoffMilliseconds ?? 400,
      maxBytes: options.maxBytes ?? 4_000_000,
    };
  }

  /** @throws HttpClientError; the reason of `signal` when that is aborted. */
  async json(path: string, call: HttpCall = {}): Promise<unknown> {
    const headers = { accept: 'application/json', ...call.headers };
    const { bytes } = await this.request(path, { ...call, headers });
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch {
      throw new HttpClientError('format', `${this.#what(path, call)} was answered with something other than JSON`);
    }
  }

  /** Resolves for 2xx only, unless `refusals` are wanted. @throws HttpClientError; the reason of `signal` when that is aborted. */
  async request(path: string, call: HttpCall = {}): Promise<HttpAnswer> {
    const tries = call.tries ?? this.#options.tries;
    for (let number = 1; ; number += 1) {
      call.signal?.throwIfAborted();
      const outcome = await this.#try(path, call);
      if ('answer' in outcome) return outcome.answer;
      if (!outcome.again || number >= tries) throw outcome.error;
      await this.#wait(number, outcome.retryAfter, call.signal);
    }
  }

  async #try(path: string, call: HttpCall): Promise<Outcome> {
    const { method = 'GET', query, headers, json, signal } = call;
    const what = this.#what(path, call);
    const limit = AbortSignal.timeout(this.#options.timeoutMilliseconds);
    const search = query ? `?${new URLSearchParams(query).toString()}` : '';
    let response: Response;
    try {
      response = await fetch(`${this.#base}${path}${search}`, {
        method,
        headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
        body: json === undefined ? undefined : JSON.stringify(json),
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      const told = call.refusals === true && response.status >= 400 && response.status < 500;
      if (!response.ok && !told) return await refused(what, response);
      const bytes = await readLimited(response, this.#options.maxBytes);
      if (bytes) return { answer: { status: response.status, headers: response.headers, bytes } };
    } catch (error) {
      signal?.throwIfAborted();
      const failed = limit.aborted
        ? new HttpClientError('timeout', `${what} had no answer within ${this.#options.timeoutMilliseconds} ms`)
        : new HttpClientError('network', `${what} did not get through (${networkReason(error)})`);
      return { error: failed, again: true };
    }
    const message = `${what} was answered with more than ${this.#options.maxBytes} bytes`;
    return { error: new HttpClientError('too_large', message), again: false };
  }

  async #wait(number: number, retryAfter: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    const jitter = Math.random() * this.#options.backoffMilliseconds * 2 ** (number - 1);
    const wait = Math.min(Math.max(jitter, retryAfter ?? 0), MAX_WAIT_MILLISECONDS);
    try {
      await delay(wait, undefined, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  #what(path: string, { method = 'GET' }: HttpCall): string {
    return `${method} ${withoutCredentials(this.#base)}${path.split('?')[0]}`;
  }
}

type Outcome =
  | { readonly answer: HttpAnswer }
  | { readonly error: HttpClientError; readonly again: boolean; readonly retryAfter?: number };

async function refused(what: string, response: Response): Promise<Outcome> {
  const { status } = response;
  await response.body?.cancel().catch(() => undefined);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    error: new HttpClientError('status', `${what} was answered with HTTP ${status}`, { status }),
    again: retriedStatuses.has(status),
    ...(Number.isFinite(seconds) && { retryAfter: seconds * 1_000 }),
  };
}

/** Undefined when there is more. */
async function readLimited(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `ECONNREFUSED` and the like; a message could quote the address with what is in it. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: unknown; name?: unknown } | undefined) : undefined;
  return typeof cause?.code === 'string' ? cause.code : cause instanceof Error ? cause.name : 'connection failed';
}

function withoutCredentials(base: string): string {
  const url = URL.parse?.(base) ?? (URL.canParse(base) ? new URL(base) : undefined);
  return url ? `${url.origin}${url.pathname.replace(/\/$/, '')}` : 'an address that is not valid';
}
