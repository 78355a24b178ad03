/** Services that only moto emulates (CodeDeploy). Its one process starts with the first call of one of them; its state is not kept. */
import { request } from 'node:http';
import { join } from 'node:path';
import { ensureMoto } from '../toolchain/index';
import { Child } from './child';
import type { ServiceHandler } from './gateway';
import { readAll, endToEnd } from './http-forward';
import { ports, type Places } from './places';
import { silent } from './silent';

export class Moto {
  private child: Child | undefined;
  private starting: Promise<void> | undefined;

  constructor(
    private readonly where: Places,
    private readonly incident: (what: string) => void,
  ) {}

  handler(account: string): ServiceHandler {
    return async (call, incoming, body) => {
      try {
        await (this.starting ??= this.start());
      } catch (error) {
        const message = `${call.service} is emulated by moto, which did not start: ${error instanceof Error ? error.message : String(error)}`;
        this.incident(message);
        return {
          status: 503,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ __type: 'ServiceUnavailable', message }),
        };
      }
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
    try {
      await this.serve((await ensureMoto(silent)).python);
    } catch (error) {
      this.starting = undefined;
      throw error;
    }
  }

  private async serve(python: string): Promise<void> {
    const port = ports.moto(this.where.port);
    this.child = new Child({
      name: 'moto',
      command: python,
      args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', SLUICE_CLOUD: this.where.id },
      log: join(this.where.folder, 'moto.log'),
      ready: async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/moto-api/`, { signal: AbortSignal.timeout(1000) }).catch(
          () => undefined,
        );
        return answer !== undefined;
      },
      readyWithinMs: 60_000,
      stopWithinMs: 5000,
      incident: this.incident,
    });
    await this.child.start();
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async stop(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.child?.stop();
  }
}
