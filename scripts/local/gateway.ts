/** The AWS endpoint of one environment: forward proxy for `*.sluice.internal`, plain endpoint for SDK clients, and registry.
 * It knows each call's service and operation, writes the ledger, injects faults, answers what the emulator lacks, and passes
 * everything else through as streams. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { detect, header, isProxyHost, operationOfForm, type AwsCall } from './aws-request';
import type { Faults } from './faults';
import { endToEnd, forward, readAll, relay } from './http-forward';
import type { Ledger } from './ledger';
import type { Environment } from './places';

export interface LocalAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: string | Buffer;
}

/** Answers the calls of one service in place of the emulator. */
export type ServiceHandler = (call: AwsCall, request: IncomingMessage, body: Buffer) => Promise<LocalAnswer>;
/** Changes the answer of one operation (`service:Operation`). */
export type Mend = (
  body: Buffer,
  context: { status: number; call: AwsCall; request: Buffer | undefined },
) => Promise<Buffer>;

export interface GatewayOptions {
  readonly environment: Environment;
  readonly account: string;
  readonly emulatorPort: number;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly handlers: Readonly<Record<string, ServiceHandler>>;
  readonly mends: Readonly<Record<string, Mend>>;
}

export class Gateway {
  private readonly servers: Server[] = [];

  constructor(private readonly options: GatewayOptions) {}

  async listen(port: number, host: string): Promise<void> {
    const server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) => fail(response, 500, 'InternalFailure', String(error)));
    });
    server.requestTimeout = 0;
    server.headersTimeout = 60_000;
    server.keepAliveTimeout = 75_000;
    server.on('connect', (_request, socket) => {
      socket.end('HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n');
    });
    server.on('clientError', (_error, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
    this.servers.push(server);
  }

  async close(): Promise<void> {
    await Promise.all(
      this.servers.splice(0).map(async (server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        await closed;
      }),
    );
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const { options } = this;
    const at = address(request);
    if (!at) {
      return fail(
        response,
        502,
        'NotProxied',
        `The local cloud only passes on *.sluice.internal, not ${request.url ?? ''}.`,
      );
    }
    let call = detect({ method: request.method ?? 'GET', target: at.target, host: at.host, headers: request.headers });
    let body: Buffer | undefined;
    if (call.needsBody || options.handlers[call.service] || options.mends[`${call.service}:${call.operation}`]) {
      body = await readAll(request);
      if (call.needsBody) call = { ...call, operation: operationOfForm(body.toString('latin1')) };
    }
    const fault = options.faults.size && call.service ? options.faults.next(call) : undefined;
    const caller = callerOf(request);
    response.once('close', () => {
      if (!call.service) return;
      const { service, operation, resource } = call;
      options.ledger.add({
        environment: options.environment,
        account: options.account,
        caller,
        service,
        operation,
        resource,
        status: response.headersSent ? response.statusCode : 0,
        milliseconds: Math.round((performance.now() - started) * 10) / 10,
        ...(fault ? { fault: fault.rule.kind } : {}),
      });
    });
    if (fault) {
      if (fault.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
      if (fault.drop) return void request.socket.destroy();
      if (fault.answer) {
        request.resume();
        response.writeHead(fault.answer.status, fault.answer.headers);
        return void response.end(fault.answer.body);
      }
    }
    const handler = options.handlers[call.service];
    if (handler) {
      const answer = await handler(call, request, body ?? Buffer.alloc(0));
      response.writeHead(answer.status, answer.headers);
      return void response.end(answer.body);
    }
    await this.pass(request, response, at, call, body);
  }

  private async pass(
    request: IncomingMessage,
    response: ServerResponse,
    at: { host: string; target: string },
    call: AwsCall,
    body: Buffer | undefined,
  ): Promise<void> {
    const headers = endToEnd(request.headers);
    headers.host = at.host;
    delete headers['x-amz-security-token'];
    let answer: IncomingMessage;
    try {
      answer = await forward(request, {
        to: { port: this.options.emulatorPort },
        method: request.method ?? 'GET',
        path: at.target,
        headers,
        body,
        patienceMs: 15_000,
      });
    } catch (error) {
      return fail(
        response,
        503,
        'ServiceUnavailable',
        `The emulator of ${this.options.environment} does not answer: ${String(error)}`,
      );
    }
    const mend = this.options.mends[`${call.service}:${call.operation}`];
    if (!mend || (answer.statusCode ?? 500) >= 300) return relay(answer, response);
    const mended = await mend(await readAll(answer), { status: answer.statusCode ?? 200, call, request: body });
    const out = endToEnd(answer.headers);
    delete out['transfer-encoding'];
    out['content-length'] = mended.length;
    response.writeHead(answer.statusCode ?? 200, out);
    response.end(mended);
  }
}

/** Host and path of a request, whether it came to us as to a proxy or as to the endpoint. */
function address(request: IncomingMessage): { host: string; target: string } | undefined {
  const url = request.url ?? '/';
  if (url.startsWith('/')) return { host: request.headers.host ?? 'localhost', target: url };
  const match = /^http:\/\/([^/?#]+)([^#]*)/i.exec(url);
  if (!match || !isProxyHost(match[1] ?? '')) return undefined;
  const target = match[2] ?? '';
  return { host: match[1] ?? '', target: target.startsWith('/') ? target : `/${target}` };
}

/** Containers of the local cloud carry who they are in their session token; everything else is this machine. */
export const callerToken = 'sluice-task.';

function callerOf(request: IncomingMessage): string {
  const token = header(request.headers, 'x-amz-security-token');
  return token.startsWith(callerToken) ? token.slice(callerToken.length) : 'host';
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': code });
  response.end(JSON.stringify({ __type: code, message }));
}
