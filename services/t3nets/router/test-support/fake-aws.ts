/** A tiny HTTP server that answers AWS clients as a test tells it to: faults as they look on the wire. For tests. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeCall {
  /** `GetItem`, `CreateSecret`, ...; the path for APIs that have no target header. */
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

export type FakeAnswer =
  | { readonly body: unknown }
  | { readonly fault: string; readonly status?: number; readonly message?: string }
  | 'drop'
  | 'hang';

export interface FakeAws {
  readonly calls: FakeCall[];
  /** For the constructor of any SDK client. */
  readonly settings: {
    readonly region: string;
    readonly endpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  answer: (call: FakeCall) => FakeAnswer | Promise<FakeAnswer>;
  close(): Promise<void>;
}

export async function startFakeAws(answer: FakeAws['answer'] = () => ({ body: {} })): Promise<FakeAws> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const target = request.headers['x-amz-target'];
      const operation = typeof target === 'string' ? target.split('.')[1]! : request.url!;
      const text = Buffer.concat(chunks).toString('utf8');
      const call = { operation, input: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
      fake.calls.push(call);
      void Promise.resolve(fake.answer(call)).then((what) => {
        if (what === 'hang') return;
        if (what === 'drop') {
          response.destroy();
          return;
        }
        const headers = { 'content-type': 'application/x-amz-json-1.1' };
        if ('body' in what) response.writeHead(200, headers).end(JSON.stringify(what.body));
        else {
          const fault = { __type: what.fault, message: what.message ?? what.fault };
          response
            .writeHead(what.status ?? 400, { ...headers, 'x-amzn-errortype': what.fault })
            .end(JSON.stringify(fault));
        }
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeAws = {
    calls: [],
    settings: {
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    answer,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return fake;
}
