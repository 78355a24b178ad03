/** Services that only moto emulates. Its one process starts with the first call of one of them; its state is not kept. */
import { request } from 'node:http';
import { join } from 'node:path';
import { Child } from './child';
import type { ServiceHandler } from './gateway';
import { readAll, endToEnd } from './http-forward';
import { ports, type Places } from './places';

/** CodeDeploy and Cost Explorer (anomaly monitors). */
export const motoServices = ['codedeploy', 'ce'] as const;

export class Moto {
  private child: Child | undefined;
  private starting: Promise<void> | undefined;
  python: string | undefined;

  constructor(
    private readonly where: Places,
    private readonly incident: (what: string) => void,
  ) {}

  handler(account: string): ServiceHandler {
    return async (call, incoming, body) => {
      if (!this.python) {
        const message = `${call.service} is emulated by moto, which this local cloud was started without.`;
        return { status: 501, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ __type: 'NotImplemented', message }) };
      }
      await (this.starting ??= this.start());
      return new Promise((resolve, reject) => {
        const outgoing = request(
          {
            host: '127.0.0.1',
            port: ports.moto(this.where.port),
            method: incoming.method,
            path: incoming.url?.replace(/^http:\/\/[^/]+/, '') || '/',
            headers: { ...endToEnd(incoming.headers), 'x-moto-account-id': account, 'content-length': body.length },
          },
          (answer) =>
            readAll(answer).then(
              (content) =>
                resolve({
                  status: answer.statusCode ?? 502,
                  headers: { 'content-type': answer.headers['content-type'] ?? 'application/x-amz-json-1.1' },
                  body: content,
                }),
              reject,
            ),
        );
        outgoing.once('error', reject);
        outgoing.end(body);
      });
    };
  }

  private async start(): Promise<void> {
    const port = ports.moto(this.where.port);
    this.child = new Child({
      name: 'moto',
      command: this.python ?? '',
      args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      log: join(this.where.folder, 'moto.log'),
      ready: async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/moto-api/`, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
        return answer !== undefined;
      },
      readyWithinMs: 60_000,
      stopWithinMs: 5000,
      incident: this.incident,
    });
    await this.child.start().catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async stop(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.child?.stop();
  }
}
