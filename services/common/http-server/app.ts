/** The router's HTTP server: how requests come in, are timed, logged and answered. The routes themselves are next door. */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Drainer } from '../../../../common/drain';
import { errorFields, type Logger } from '../../../../common/logger';
import { DeadlineError } from '../../agent/errors';
import { abortable } from '../../agent/reasoning';
import { errorBody, HttpError, notFound, toHttpError } from './errors';

/** "256 KB". */
const BODY_BYTES = 256 * 1024;
/** What a refused body may still send: as much as an HTTP API takes (AWS quota, 10 MB), within this time. */
const DRAIN_BYTES = 10 * 1024 * 1024;
const DRAIN_MILLISECONDS = 5_000;
/** Below the API gateway's 30 s, so that the answer is ours. */
const REQUEST_MILLISECONDS = 25_000;
/** Above the 60 s after which a load balancer gives up an idle connection: it must be the one to close it. */
const KEEP_ALIVE_MILLISECONDS = 65_000;

const REQUEST_ID = /^[A-Za-z0-9._=:-]{1,128}$/;
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

export interface RequestFacts {
  tenant_id?: string;
  session_id?: string;
  tokens?: number;
  tools?: readonly string[];
  error?: unknown;
}

export interface AppOptions {
  readonly logger: Logger;
  readonly drainer: Drainer;
  /** @default 25000 */
  readonly requestMilliseconds?: number;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** @default 200 */
  readonly status?: number;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

const HEALTH = Buffer.from('{"status":"ok"}');
const HEALTH_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'content-length': HEALTH.byteLength };

export function createApp({
  logger,
  drainer,
  requestMilliseconds = REQUEST_MILLISECONDS,
}: AppOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_BYTES,
    routerOptions: { maxParamLength: 300 },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    genReqId: ({ headers }: IncomingMessage) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    frameworkErrors: (error, request, reply) => fail(error, request, reply),
    serverFactory: (handler) => healthFirst(handler, drainer),
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
    done();
  });

  app.addHook('onResponse', (request, reply, done) => {
    logRequest(logger, request, reply.statusCode, reply.elapsedTime);
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    // Nginx's number for "the client went away".
    logRequest(logger, request, 499);
    done();
  });

  app.setErrorHandler((error, request, reply) => fail(error, request, reply));
  app.setNotFoundHandler((request, reply) => fail(notFound(`there is nothing at this path`), request, reply));

  async function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const answer = toHttpError(error);
    request.facts ??= {};
    request.facts.error = error;
    if (await readToEnd(request.raw)) void reply.removeHeader('connection');
    return reply.header('x-request-id', request.id).code(answer.status).send(errorBody(answer, request.id));
  }

  app.addHook('preHandler', (request, _reply, done) => {
    request.deadline = AbortSignal.timeout(requestMilliseconds);
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
        done(new HttpError('method_not_allowed', `only ${allowed.join(' and ')} here`));
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
    if (deadline.aborted) throw new DeadlineError('no answer within the time of a request', error);
    throw error;
  }
}

/**
 * `/health` is asked every few seconds by every prober and must cost next to nothing: it is answered before Fastify, and
 * is not logged. Everything else goes on.
 */
function healthFirst(handler: (request: IncomingMessage, response: ServerResponse) => void, drainer: Drainer): Server {
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
      headersTimeout: 10_000,
      requestTimeout: REQUEST_MILLISECONDS,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      if (request.url === '/health' && request.method === 'GET') {
        // Answered within this very call, so there is nothing to track.
        if (drainer.draining) response.shouldKeepAlive = false;
        response.writeHead(200, HEALTH_HEADERS);
        response.end(HEALTH);
      } else {
        drainer.track(request, response);
        handler(request, response);
      }
    },
  );
  drainer.attach(server);
  return server;
}

function logRequest(logger: Logger, request: FastifyRequest, status: number, elapsed?: number): void {
  const { error, tenant_id, session_id, tokens, tools } = request.facts ?? {};
  const line = {
    request_id: request.id,
    tenant_id,
    session_id,
    route: `${request.method} ${request.routeOptions.url ?? '-'}`,
    status,
    duration_ms: elapsed === undefined ? undefined : Math.round(elapsed),
    tokens,
    tools,
    ...(error !== undefined && errorFields(error, { stack: status === 500 })),
  };
  if (status >= 500) logger.error(line, 'request');
  else logger.info(line, 'request');
}
