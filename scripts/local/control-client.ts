/** Calls of the control port. */
import { request } from 'node:http';
import { portTaken } from './port';
import type { Places } from './places';
import type { Hello } from './wire';

export interface Reply<T> {
  readonly status: number;
  readonly value: T;
}

export function controlCall<T>(
  where: Places,
  method: string,
  path: string,
  body?: unknown,
  timeoutMs = 10_000,
): Promise<Reply<T>> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: where.port,
        method,
        path,
        agent: false,
        timeout: timeoutMs,
        headers: text ? { 'content-length': Buffer.byteLength(text) } : {},
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          try {
            resolve({
              status: answer.statusCode ?? 0,
              value: JSON.parse(Buffer.concat(chunks).toString() || '{}') as T,
            });
          } catch {
            resolve({ status: 502, value: {} as T });
          }
        });
      },
    );
    outgoing.once('timeout', () =>
      outgoing.destroy(new Error(`no answer from the local cloud within ${timeoutMs / 1000} s`)),
    );
    outgoing.once('error', reject);
    outgoing.end(text);
  });
}

/** Who answers on the control port: a local cloud, nobody (undefined), or a stranger (an error that names it). */
export async function hello(where: Places): Promise<Hello | undefined> {
  let reply: Reply<Partial<Hello>>;
  try {
    reply = await controlCall<Partial<Hello>>(where, 'GET', '/health', undefined, 3000);
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ||
      (error as NodeJS.ErrnoException).code === 'ECONNRESET'
    )
      return undefined;
    throw portTaken(where.port, 'the control port of the local cloud');
  }
  if (reply.value?.sluice !== 'local-cloud') throw portTaken(where.port, 'the control port of the local cloud');
  return reply.value as Hello;
}
