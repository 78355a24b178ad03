/**
 * Stops an HTTP server the way a load balancer likes it: refuse new connections, let what is under way finish, close each
 * connection after its answer. Not a process manager: whoever calls `drain` decides when to exit.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface DrainOptions {
  /**
   * How long idle connections stay open after the listener has closed: a request may already be on its way in one of
   * them, and a connection reset would lose it.
   * @default 500
   */
  readonly lingerMilliseconds?: number;
  /**
   * What is still running then is cut off.
   * @default 25000
   */
  readonly limitMilliseconds?: number;
}

export interface DrainResult {
  /** Requests that were cut off at the limit. */
  readonly abandoned: number;
}

export class Drainer {
  #underWay = 0;
  #draining = false;
  #server: Server | undefined;

  get draining(): boolean {
    return this.#draining;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Counts a request until its answer has left; call it for each one, first thing. */
  readonly track = (_request: IncomingMessage, response: ServerResponse): void => {
    this.#underWay += 1;
    if (this.#draining) response.shouldKeepAlive = false;
    response.once('close', this.#done);
  };

  readonly #done = (): void => {
    this.#underWay -= 1;
  };

  attach(server: Server): void {
    this.#server = server;
  }

  async drain(options: DrainOptions = {}): Promise<DrainResult> {
    const { lingerMilliseconds = 500, limitMilliseconds = 25_000 } = options;
    const server = this.#server;
    if (!server || this.#draining) return { abandoned: 0 };
    this.#draining = true;
    const end = Date.now() + limitMilliseconds;
    // http.Server#close also drops idle connections at once; net.Server#close only stops listening.
    if (server.listening) NetServer.prototype.close.call(server);
    await delay(Math.min(lingerMilliseconds, limitMilliseconds));
    while (this.#underWay > 0 && Date.now() < end) {
      server.closeIdleConnections();
      await delay(20);
    }
    const abandoned = this.#underWay;
    server.closeAllConnections();
    return { abandoned };
  }
}
