/** A tiny HTTP server in the place of somebody else's API, answering as a test tells it to. For tests. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StandInCall {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface StandInAnswer {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects go as JSON. @default - empty */
  readonly body?: string | Uint8Array | object;
}

export interface HttpStandIn {
  readonly url: string;
  readonly calls: StandInCall[];
  answer: (call: StandInCall) => StandInAnswer | 'hang' | Promise<StandInAnswer | 'hang'>;
  close(): Promise<void>;
}

export async function startHttpStandIn(answer: HttpStandIn['answer'] = () => ({})): Promise<HttpStandIn> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const call = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      standIn.calls.push(call);
      void Promise.resolve(standIn.answer(call)).then((what) => {
        if (what === 'hang') return;
        const { status = 200, headers: given, body = '' } = what;
        const raw = typeof body === 'string' || body instanceof Uint8Array;
        response
          .writeHead(status, { ...(!raw && { 'content-type': 'application/json' }), ...given })
          .end(raw ? body : JSON.stringify(body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const standIn: HttpStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    answer,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return standIn;
}
