/** The agent behind the load balancer: a conversation as a stream of server-sent events, and speech. */
import { problemOf, problemOfResponse, unreachable, type ErrorBody } from './problem';
import { readEvents } from './events';
import type { Identity } from './identity';
import type { Session } from './types';

export interface ToolStep {
  readonly name: string;
  /** Absent while it runs. */
  readonly ok?: boolean;
  readonly ms?: number;
}

export interface ChatListener {
  readonly token: (text: string) => void;
  readonly tool: (step: ToolStep) => void;
}

export interface ChatEnd {
  readonly session_id?: string;
  readonly reply?: string;
  readonly tools_used?: readonly ToolStep[];
  /** The story that was made or changed. */
  readonly story?: Pick<Session, 'session_id'>;
}

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly tools?: readonly ToolStep[];
}

export class Agent {
  readonly #base: string;
  readonly #identity: Identity;

  constructor(base: string, identity: Identity) {
    this.#base = base;
    this.#identity = identity;
  }

  async chat(
    message: string,
    sessionId: string | undefined,
    listener: ChatListener,
    signal: AbortSignal,
  ): Promise<ChatEnd> {
    const body = { message, ...(sessionId === undefined ? {} : { session_id: sessionId }) };
    const response = await this.#send('POST', '/chat', body, 'text/event-stream', signal);
    if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
      return (await response.json()) as ChatEnd;
    for await (const { event, data } of readEvents(response.body!)) {
      const value = JSON.parse(data) as Record<string, unknown>;
      if (event === 'token') listener.token(String(value['text'] ?? ''));
      else if (event === 'tool') listener.tool(value as unknown as ToolStep);
      else if (event === 'done') return value as ChatEnd;
      else if (event === 'error') throw problemOf((value['error'] ?? value) as ErrorBody, 502);
    }
    throw problemOf({ code: 'model_error', message: 'The answer broke off before its end.' });
  }

  async speak(sessionId: string, segmentId: string): Promise<string> {
    const body = { session_id: sessionId, segment_id: segmentId };
    const response = await this.#send('POST', '/tts', body, 'application/json', AbortSignal.timeout(120_000));
    return ((await response.json()) as { url: string }).url;
  }

  /** What was said about a story before. */
  async messages(sessionId: string): Promise<readonly ChatMessage[]> {
    const path = `/sessions/${encodeURIComponent(sessionId)}`;
    const response = await this.#send('GET', path, undefined, 'application/json', AbortSignal.timeout(30_000));
    return ((await response.json()) as { messages?: readonly ChatMessage[] }).messages ?? [];
  }

  async #send(method: string, path: string, body: unknown, accept: string, signal: AbortSignal): Promise<Response> {
    let response = await this.#fetch(method, path, body, accept, await this.#identity.idToken(), signal);
    if (response.status === 401)
      response = await this.#fetch(method, path, body, accept, await this.#identity.idToken(true), signal);
    if (!response.ok) throw await problemOfResponse(response);
    return response;
  }

  async #fetch(
    method: string,
    path: string,
    body: unknown,
    accept: string,
    token: string,
    signal: AbortSignal,
  ): Promise<Response> {
    try {
      return await fetch(`${this.#base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: 'no-store',
        signal,
      });
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw unreachable(cause);
    }
  }
}
