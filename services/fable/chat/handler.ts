/** The WebSocket's `$default` route: one frame of a client, answered by frames through `@connections`. */
import { ModelError, ThrottledError } from '../../common/bedrock/errors';
import { errorFields, type Logger } from '../../common/logger';
import type { ConnectionStore } from '../common/connections';
import { FableError } from '../common/errors';
import { buildUpdate, errorFrame, historyFrames, type ErrorFrame, type Frame } from '../common/frames';
import { uuidV7 } from '../common/ids';
import type { LambdaContext } from '../common/logging';
import type { Pusher } from '../common/push';
import {
  answerMessage,
  conversationNotFound,
  historyOf,
  launch,
  ownerOf,
  Turns,
  type ChatOptions,
  type Scene,
} from './message';
import { parseRequest, type ChatRequest, type RequestOf } from './requests';

export interface SocketEvent {
  readonly requestContext: {
    readonly connectionId: string;
    readonly domainName: string;
    readonly stage: string;
  };
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export interface HandlerOptions extends ChatOptions {
  readonly logger: Logger;
  readonly connections: Pick<ConnectionStore, 'get'>;
  readonly pusher: (event: SocketEvent) => Pick<Pusher, 'send'>;
  /** Of one frame's work; API Gateway gives up after 29 s. @default 25000 */
  readonly milliseconds?: number;
}

export function createHandler(options: HandlerOptions) {
  return async (event: SocketEvent, { awsRequestId }: LambdaContext): Promise<{ statusCode: number }> => {
    const start = performance.now();
    const { connectionId } = event.requestContext;
    const logger = options.logger.child({ requestId: awsRequestId, connectionId });
    const line = (more: object) => ({ durationMs: Math.round(performance.now() - start), ...more });
    const pusher = options.pusher(event);
    const signal = AbortSignal.timeout(options.milliseconds ?? 25_000);
    // To one who has gone nothing more is sent; the work goes on, for its result is stored.
    let gone = false;
    const send = async (frame: Frame): Promise<void> => {
      if (!gone) gone = !(await pusher.send(connectionId, frame));
    };
    let type: ChatRequest['type'] | undefined;
    try {
      const request = parseRequest(textOf(event));
      ({ type } = request);
      const connection = await options.connections.get(connectionId);
      if (!connection) throw new FableError('NOT_FOUND', 'this connection is not known; connect again');
      await dispatch(options, { connection, logger, signal, send }, request);
      logger.info(line({ type, outcome: 'ok', gone }), 'frame');
    } catch (error) {
      const frame = toErrorFrame(error, signal);
      const fields = line({
        type,
        outcome: frame.code,
        gone,
        ...errorFields(error, { stack: frame.code === 'INTERNAL' }),
      });
      if (frame.code === 'INTERNAL') logger.error(fields, 'frame');
      else logger.info(fields, 'frame');
      await send(frame);
    }
    return { statusCode: 200 };
  };
}

const textOf = ({ body = '', isBase64Encoded }: SocketEvent): string =>
  isBase64Encoded === true ? Buffer.from(body, 'base64').toString('utf8') : body;

async function dispatch(options: HandlerOptions, scene: Scene, request: ChatRequest): Promise<void> {
  switch (request.type) {
    case 'ping':
      await scene.send({ type: 'pong' });
      return;
    case 'message':
      return answerMessage(options, scene, request);
    case 'build':
      return build(options, scene, request);
    case 'build_status': {
      const { orgId } = scene.connection;
      const { build: found } = await options.kickoff.call('status', { orgId, buildId: request.buildId }, scene.signal);
      await scene.send(buildUpdate(found.buildId, found.status, found.result));
      return;
    }
    case 'history':
      return history(options, scene, request);
  }
}

/** A build without the model; it is part of a conversation, too, which is where its end is told. */
async function build(options: HandlerOptions, scene: Scene, request: RequestOf<'build'>): Promise<void> {
  const { request: wanted, spec, conversationId: given } = request;
  await historyOf(options, scene.connection, given);
  const conversationId = given ?? uuidV7();
  const turns = new Turns(options, scene.connection, conversationId, `/build ${wanted}`);
  await turns.storeUser();
  const payload = { request: wanted, ...(spec !== undefined && { spec }) };
  const { buildId } = await launch(options, scene, conversationId, payload, scene.signal);
  await turns.store(`Build ${buildId} has started.`);
}

/** Whoever reads a conversation gets its news from now on. */
async function history(options: HandlerOptions, scene: Scene, request: RequestOf<'history'>): Promise<void> {
  const { conversationId } = request;
  const { connection, send } = scene;
  const conversation = await options.conversations.get(ownerOf(connection), conversationId);
  if (!conversation) throw conversationNotFound(conversationId);
  await options.conversations.attach(ownerOf(connection), conversationId, connection.connectionId);
  for (const frame of historyFrames(conversationId, conversation.messages)) await send(frame);
}

/** What the client is told; the log keeps the original. */
function toErrorFrame(error: unknown, signal: AbortSignal): ErrorFrame {
  if (error instanceof FableError) return errorFrame(error.code, error.message, error.issues);
  if (error instanceof ThrottledError) return errorFrame('BUSY', error.message);
  if (error instanceof ModelError) return errorFrame('MODEL_ERROR', error.message);
  if (signal.aborted) return errorFrame('TIMEOUT', 'there was no answer in time; try again');
  return errorFrame('INTERNAL', 'the request failed unexpectedly');
}
