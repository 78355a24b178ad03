/** Passes one HTTP request on to another server and its answer back, both as streams, over kept-alive connections. */
import {
  Agent,
  request,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';

export const agent = new Agent({ keepAlive: true, maxSockets: 512, maxFreeSockets: 64, timeout: 0 });

export interface Destination {
  readonly port?: number;
  readonly socketPath?: string;
}

export interface ForwardOptions {
  readonly to: Destination;
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  /** Body already read; absent: stream the incoming request's. */
  readonly body?: Buffer;
  /** How long to wait for a destination that refuses connections because it is being restarted. @default 0 */
  readonly patienceMs?: number;
}

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'upgrade']);

export function endToEnd(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  const out: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) if (!hopByHop.has(name)) out[name] = value;
  return out;
}

/** Sends the request and resolves with the answer's head; the caller pipes or reads the body. */
export async function forward(incoming: IncomingMessage, options: ForwardOptions): Promise<IncomingMessage> {
  const end = Date.now() + (options.patienceMs ?? 0);
  for (;;) {
    try {
      return await once(incoming, options);
    } catch (error) {
      const { code, untouched } = error as { code?: string; untouched?: boolean };
      const waiting = (code === 'ECONNREFUSED' || code === 'ENOENT') && Date.now() < end;
      const stale = code === 'ECONNRESET' && untouched === true;
      if (!waiting && !stale) throw error;
      if (waiting) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function once(incoming: IncomingMessage, options: ForwardOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { to, method, path, body } = options;
    const headers = { ...options.headers };
    if (body) {
      delete headers['transfer-encoding'];
      headers['content-length'] = body.length;
    }
    const outgoing = request({
      ...(to.socketPath ? { socketPath: to.socketPath } : { host: '127.0.0.1', port: to.port }),
      method,
      path,
      headers,
      agent: to.socketPath ? undefined : agent,
      setHost: false,
    });
    const streamed =
      !body && (incoming.headers['content-length'] ?? '0') !== '0' ? true : !!incoming.headers['transfer-encoding'];
    let sent = false;
    const send = (): void => {
      if (sent) return;
      sent = true;
      if (body) outgoing.end(body);
      else if (!streamed) outgoing.end();
      else incoming.pipe(outgoing);
    };
    // The body leaves only on a live connection: a refused one can then be tried again with the body intact.
    outgoing.once('socket', (socket: Socket) => (socket.connecting ? socket.once('connect', send) : send()));
    outgoing.once('response', resolve);
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      const reused = (outgoing as ClientRequest & { reusedSocket?: boolean }).reusedSocket === true;
      reject(Object.assign(error, { untouched: reused && (body !== undefined || !streamed) }));
    });
    incoming.once('aborted', () => outgoing.destroy());
  });
}

/** Streams an answer to the client as it arrives. */
export function relay(
  answer: IncomingMessage,
  response: ServerResponse,
  headers: OutgoingHttpHeaders = endToEnd(answer.headers),
): void {
  response.writeHead(answer.statusCode ?? 502, headers);
  response.flushHeaders();
  answer.pipe(response);
  // A body that broke off must break off for the client too, not end as if it were whole.
  answer.once('error', () => response.destroy());
  answer.once('aborted', () => response.destroy());
  response.once('close', () => {
    if (!answer.complete) answer.destroy();
  });
}

export async function readAll(stream: IncomingMessage, limit = 64 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw Object.assign(new Error('body too large'), { code: 'ETOOLARGE' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A connection that leaves HTTP (WebSocket, an attached container): the request head is sent on, then bytes flow freely. */
export function tunnel(
  incoming: IncomingMessage,
  socket: Socket,
  head: Buffer,
  to: Destination,
  target: string,
  headers: ReadonlyArray<readonly [string, string]>,
): void {
  const upstream = to.socketPath ? connect(to.socketPath) : connect(to.port ?? 0, '127.0.0.1');
  upstream.once('connect', () => {
    const lines = [`${incoming.method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
    upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
    if (head.length) upstream.write(head);
    upstream.pipe(socket);
    socket.pipe(upstream);
  });
  const close = (): void => {
    upstream.destroy();
    socket.destroy();
  };
  upstream.once('error', close);
  socket.once('error', close);
}

/** Header pairs as they were received, with some replaced. */
export function rawPairs(
  incoming: IncomingMessage,
  replace: Readonly<Record<string, string>> = {},
): Array<[string, string]> {
  const pairs: Array<[string, string]> = [];
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    const name = incoming.rawHeaders[i] ?? '';
    if (name.toLowerCase() in replace) continue;
    pairs.push([name, incoming.rawHeaders[i + 1] ?? '']);
  }
  return [...pairs, ...Object.entries(replace)];
}
