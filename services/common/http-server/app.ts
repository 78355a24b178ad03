/** An HTTP server for JSON: how requests come in, are timed, logged and answered. The routes are its user's. */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { abortable } from '../abortable';
import type { Drainer } from '../drain';
import { errorFields, type Logger } from '../logger';
import { RequestError, toRequestError } from './errors';

/** What a refused body may still send: as much as an HTTP API takes (AWS quota, 10 MB), within this time. */
const DRAIN_BYTES = 10 * 1024 * 1024;
const DRAIN_MILLISECONDS = 5_000;
/** For sending a request, whatever the time to answer it. */
const RECEIVE_MILLISECONDS = 25_000;

const REQUEST_ID = /^[A-Za-z0-9._=:-]{1,128}$/;
/** Nginx's number for "the client went away". */
const GONE = 499;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request's log line will say besides; handlers fill it in. */
    facts: RequestFacts;
    /** The body as it came. */
    rawBody: Buffer | undefined;
    /** Aborted when the request's time is up. */
    deadline: AbortSignal;
  }
}

/** Named as the log line's fields. */
export interface RequestFacts {
  tenant_id?: string;
  session_id?: string;
  tokens?: number;
  tools?: readonly unknown[];
  /** Logged with `outcomes` only. */
  outcome?: string;
  error?: unknown;
}

export interface ErrorAnswer {
  readonly status: number;
  /** Short, for programs. */
  readonly code: string;
  readonly body: object;
}

export interface AppOptions {
  readonly logger: Logger;
  readonly drainer: Drainer;
  /** What `GET /health` answers. */
  readonly health: object;
  /** The answer to an error: a `RequestError` when the request itself is at fault, else whatever a route has thrown. */
  readonly answerTo: (error: unknown, requestId: string) => ErrorAnswer;
  /** Of one request; below the patience of whatever is in front, so that the answer is ours. */
  readonly requestMilliseconds: number;
  /** How long an idle connection is kept; above the load balancer's idle timeout, as it must be the one to close it. */
  readonly keepAliveMilliseconds: number;
  readonly bodyBytes: number;
  /**
   * Whether log lines say in a word how a request ended: "ok", the code of its error, or "gone".
   * @default false
   */
  readonly outcomes?: boolean;
  /**
   * Aborts every request's deadline, for a server that is to end.
   * @default - none
   */
  readonly stopping?: AbortSignal;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** @default 200 */
  readonly status?: number;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

export function createApp(options: AppOptions): FastifyInstance {
  const { answerTo, bodyBytes, stopping } = options;
  const app = Fastify({
    bodyLimit: bodyBytes,
    routerOptions: { maxParamLength: 300 },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    genReqId: ({ headers }: IncomingMessage) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    frameworkErrors: (error, request, reply) => fail(error, request, reply),
    serverFactory: (handler) => healthFirst(handler, options),
  });

  app.decorateRequest('facts', null as unknown as RequestFacts);
  app.decorateRequest('deadline', null as unknown as AbortSignal);
  app.decorateRequest('rawBody', undefined);

  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body as Buffer;
    // Fastify's own type speaks of strings only; its parser takes either.
    parseJson(request, body.toString('utf8'), done);
  });

  app.addHook('onRequest', (request, reply, done) => {
    request.facts = {};
    void reply.header('x-request-id', request.id);
    // Without a hook of its own: the caller went away before all of the answer had left.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) logRequest(options, request, GONE, reply.elapsedTime);
    });
    done();
  });

  app.addHook('onResponse', (request, reply, done) => {
    logRequest(options, request, reply.statusCode, reply.elapsedTime);
    done();
  });

  app.setErrorHandler((error, request, reply) => fail(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    fail(new RequestError('unknown_path', 'there is nothing at this path'), request, reply),
  );

  async function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const answer = answerTo(toRequestError(error, bodyBytes) ?? error, request.id);
    request.facts ??= {};
    request.facts.error = error;
    request.facts.outcome = answer.code;
    if (await readToEnd(request.raw)) void reply.removeHeader('connection');
    return reply.header('x-request-id', request.id).code(answer.status).send(answer.body);
  }

  app.addHook('preHandler', (request, _reply, done) => {
    const limit = AbortSignal.timeout(options.requestMilliseconds);
    request.deadline = stopping ? AbortSignal.any([limit, stopping]) : limit;
    done();
  });
  return app;
}

/**
 * Takes in what is left of a body before it is refused: a proxy on the way that still sends would see a broken connection
 * and answer 502. Gives up on a body above what the API in front lets through, or that comes too slowly.
 */
function readToEnd(request: IncomingMessage): Promise<boolean> {
  if (request.complete) return Promise.resolve(true);
  return new Promise((resolve) => {
    let bytes = 0;
    const finish = (): void => {
      clearTimeout(timer);
      request.off('data', count).off('end', finish).off('close', finish);
      resolve(request.complete);
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= DRAIN_BYTES) return;
      request.pause();
      finish();
    };
    const timer = setTimeout(finish, DRAIN_MILLISECONDS);
    request.on('data', count).once('end', finish).once('close', finish).resume();
  });
}

/** Adds routes, each bounded in time, and for each path a 405 for every other method. */
export function addRoutes(app: FastifyInstance, routes: readonly Route[]): void {
  for (const { method, url, status = 200, handler } of routes) {
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        void reply.code(status);
        return withinDeadline(request, () => handler(request, reply));
      },
    });
  }
  for (const url of new Set(routes.map((route) => route.url))) {
    const allowed = routes.filter((route) => route.url === url).map(({ method }) => method);
    app.route({
      method: METHODS.filter((method) => !(allowed as readonly string[]).includes(method)),
      url,
      // Before the body is read: what it holds does not matter here.
      onRequest: (_request, reply, done) => {
        void reply.header('allow', allowed.join(', '));
        done(new RequestError('wrong_method', `only ${allowed.join(' and ')} here`));
      },
      handler: () => undefined,
    });
  }
}

async function withinDeadline<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
  const { deadline } = request;
  try {
    return await abortable(work(), deadline);
  } catch (error) {
    if (deadline.aborted) throw tooLate(error);
    throw error;
  }
}

export const tooLate = (cause?: unknown) =>
  new RequestError('too_late', 'no answer within the time of a request', cause);

/**
 * `/health` is asked every few seconds by every prober and must cost next to nothing: it is answered before Fastify, and
 * is not logged. Everything else goes on.
 */
function healthFirst(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  { drainer, health, keepAliveMilliseconds }: AppOptions,
): Server {
  const body = Buffer.from(JSON.stringify(health));
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.byteLength };
  const server = createServer(
    {
      keepAliveTimeout: keepAliveMilliseconds,
      headersTimeout: 10_000,
      requestTimeout: RECEIVE_MILLISECONDS,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      if (request.url === '/health' && request.method === 'GET') {
        // Answered within this very call, so there is nothing to track.
        if (drainer.draining) response.shouldKeepAlive = false;
        response.writeHead(200, headers);
        response.end(body);
      } else {
        drainer.track(request, response);
        handler(request, response);
      }
    },
  );
  drainer.attach(server);
  return server;
}

function logRequest({ logger, outcomes }: AppOptions, request: FastifyRequest, status: number, elapsed?: number): void {
  const { error, tenant_id, session_id, tokens, tools, outcome } = request.facts ?? {};
  const line = {
    request_id: request.id,
    tenant_id,
    session_id,
    route: `${request.method} ${request.routeOptions.url ?? '-'}`,
    status,
    duration_ms: elapsed === undefined ? undefined : Math.round(elapsed),
    ...(outcomes && { outcome: status === GONE ? 'gone' : (outcome ?? 'ok') }),
    tokens,
    tools,
    ...(error !== undefined && errorFields(error, { stack: status === 500 })),
  };
  if (status >= 500) logger.error(line, 'request');
  else logger.info(line, 'request');
}

/** On every address, IPv6 included where there is any. Resolves with the port. */
export async function listen(app: FastifyInstance, port: number): Promise<number> {
  await app.ready();
  const { server } = app;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}
