/** The agent's routes: chat, conversations, speech. Health is the server's own. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { tooLate, type Route } from '../../../common/http-server/app';
import { errorFields, type Logger } from '../../../common/logger';
import { validated } from '../../common/validate';
import { toolUse, type Agent, type ChatRequest, type ChatResult } from '../agent/agent';
import type { ChatEvent } from '../agent/chat';
import type { Speaker } from '../speech';
import { errorAnswer } from './errors';
import { eventStream, wantsEvents, type ServerEvent } from './event-stream';
import type { Caller, TokenVerifier } from './identity';
import { chatRequest, sessionParams, speechRequest } from './schemas';

/** Of a message whose caller sees it being worked on. */
export const STREAM_MILLISECONDS = 300_000;

export interface RouteDependencies {
  readonly agent: Pick<Agent, 'chat' | 'session'>;
  readonly verifier: Pick<TokenVerifier, 'caller'>;
  readonly speaker: Pick<Speaker, 'segment' | 'text'>;
  readonly logger: Logger;
  readonly version: string;
  /** Aborted when the server is to end. */
  readonly stopping: AbortSignal;
}

export function agentRoutes(dependencies: RouteDependencies): readonly Route[] {
  const { verifier, agent, version } = dependencies;
  const known = (handler: (caller: Caller, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) => {
    return async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = await verifier.caller(request.headers.authorization);
      return handler(caller, request, reply.header('x-story-version', version).header('cache-control', 'no-store'));
    };
  };
  return [
    // GET is answered before Fastify; listed for its 405.
    { method: 'GET', url: '/health', handler: async () => ({ status: 'ok' }) },
    { method: 'POST', url: '/agent/chat', handler: known((...call) => chat(dependencies, ...call)) },
    {
      method: 'GET',
      url: '/agent/sessions/:id',
      handler: known(async (caller, request) => {
        const { id } = validated(sessionParams, request.params);
        request.facts.session_id = id;
        return { ...(await agent.session(caller, id)), version };
      }),
    },
    {
      method: 'POST',
      url: '/agent/tts',
      handler: known(async (caller, request) => ({ ...(await speech(dependencies, caller, request)), version })),
    },
  ];
}

async function speech({ speaker }: RouteDependencies, caller: Caller, request: FastifyRequest) {
  const { session_id, segment_id, text, voice } = validated(speechRequest, request.body);
  const owner = caller.principal.sub;
  if (text !== undefined) return speaker.text(text, owner, voice, request.deadline);
  request.facts.session_id = session_id;
  return speaker.segment({ sessionId: session_id!, segmentId: segment_id!, owner, voice }, request.deadline);
}

async function chat(dependencies: RouteDependencies, caller: Caller, request: FastifyRequest, reply: FastifyReply) {
  const { agent, logger, version } = dependencies;
  const { message, session_id } = validated(chatRequest, request.body);
  const ask: Omit<ChatRequest, 'signal'> = {
    caller,
    message,
    sessionId: session_id,
    warn: (fields, error, text) => logger.warn({ request_id: request.id, ...fields, ...errorFields(error) }, text),
    facts: (facts) => void Object.assign(request.facts, facts),
  };
  if (wantsEvents(request.headers.accept)) return streamed(dependencies, ask, request, reply);
  return { ...(await agent.chat({ ...ask, signal: request.deadline })), version };
}

/** Once it has begun with 200, an error can only be an event. */
function streamed(
  { agent, stopping, version }: RouteDependencies,
  ask: Omit<ChatRequest, 'signal'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Readable {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new Error('the caller has gone')));
  const time = AbortSignal.any([AbortSignal.timeout(STREAM_MILLISECONDS), stopping]);
  const signal = AbortSignal.any([time, gone.signal]);
  const body = eventStream(async (send) => {
    try {
      const result = await agent.chat({ ...ask, signal, emit: (event) => send(toServerEvent(event)) });
      send({ event: 'done', data: { ...result, version } satisfies ChatResult & { version: string } });
    } catch (caught) {
      const error = time.aborted ? tooLate(caught) : caught;
      const answer = errorAnswer(error, request.id);
      Object.assign(request.facts, { error, outcome: gone.signal.aborted ? 'gone' : answer.code });
      send({ event: 'error', data: answer.body });
    }
  });
  // Not the reply itself: it is a promise of the whole answer, and a request's deadline is not for that.
  void reply.header('content-type', 'text/event-stream; charset=utf-8').header('x-accel-buffering', 'no');
  return body;
}

function toServerEvent(event: ChatEvent): ServerEvent {
  switch (event.type) {
    case 'token':
      return { event: 'token', data: { text: event.text } };
    case 'tool_started':
      return { event: 'tool', data: { name: event.name } };
    case 'tool_finished':
      return { event: 'tool', data: toolUse(event.run) };
  }
}
