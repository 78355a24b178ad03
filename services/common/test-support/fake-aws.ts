/** A tiny HTTP server that answers AWS clients as a test tells it to: faults as they look on the wire. For tests. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';

export interface FakeCall {
  /** `GetItem`, `CreateSecret`, ...; the path for APIs that have no target header. */
  readonly operation: string;
  /** Of a body that is not JSON: nothing. */
  readonly input: Record<string, unknown>;
  /** The body as it came. */
  readonly body?: Buffer;
}

export type FakeAnswer =
  | { readonly body: unknown }
  | { readonly bytes: Uint8Array; readonly type: string; readonly status?: number }
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
      const body = Buffer.concat(chunks);
      const call: FakeCall = { operation, input: asJson(body), ...(request.method === 'PUT' && { body }) };
      fake.calls.push(call);
      void Promise.resolve(fake.answer(call)).then((what) => {
        if (what === 'hang') return;
        if (what === 'drop') {
          response.destroy();
          return;
        }
        const headers = { 'content-type': 'application/x-amz-json-1.1' };
        if ('bytes' in what) {
          const own = { 'content-type': what.type, 'content-length': what.bytes.byteLength };
          response.writeHead(what.status ?? 200, own).end(what.bytes);
        } else if ('body' in what) response.writeHead(200, headers).end(JSON.stringify(what.body));
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

function asJson(body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Events in the binary form in which AWS streams them (application/vnd.amazon.eventstream). */
export function eventStreamBytes(events: readonly (readonly [type: string, payload: object])[]): Buffer {
  return Buffer.concat(
    events.map(([type, payload]) => {
      const fields = { ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' };
      const headers = Buffer.concat(
        Object.entries(fields).map(([name, value]) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(value.length);
          return Buffer.concat([
            Buffer.from([name.length]),
            Buffer.from(name),
            Buffer.from([7]),
            length,
            Buffer.from(value),
          ]);
        }),
      );
      const body = Buffer.from(JSON.stringify(payload));
      const prelude = Buffer.alloc(8);
      prelude.writeUInt32BE(headers.length + body.length + 16, 0);
      prelude.writeUInt32BE(headers.length, 4);
      const head = Buffer.concat([prelude, checksum(prelude), headers, body]);
      return Buffer.concat([head, checksum(head)]);
    }),
  );
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}
