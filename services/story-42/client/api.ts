/** The story API: one method a route, the ID token added and renewed, failures as problems; long work as jobs that are polled. */
import { Problem, problemOf, problemOfResponse, unreachable } from './problem';
import type { PageConfig } from './config';
import type { Identity } from './identity';
import type { Accepted, Outline, Session, SessionPage } from './types';

export interface TopicWish {
  readonly theme?: string;
  readonly audience?: string;
  readonly language?: string;
  readonly count?: number;
}

export interface OutlineWish {
  readonly topic: string;
  readonly session_id?: string;
  readonly audience?: string;
  readonly genre?: string;
  readonly language?: string;
  readonly segment_count?: number;
}

export interface StoryWish {
  readonly session_id: string;
  readonly outline?: Outline;
  readonly segment_count?: number;
  readonly words_per_segment?: number;
  readonly with_images?: boolean;
}

export interface SegmentEdit {
  readonly segment_id: string;
  readonly heading?: string;
  readonly text?: string;
}

/** The gateway gives up after 29 s, so no answer comes later than that. */
const ANSWER_MS = 35_000;
/** The longest a function may work, and a little. */
const JOB_MS = 16 * 60_000;

export class StoryApi {
  readonly #base: string;
  readonly #identity: Identity;

  constructor(config: PageConfig, identity: Identity) {
    this.#base = config.apiUrl;
    this.#identity = identity;
  }

  topics(wish: TopicWish): Promise<Accepted> {
    return this.#start('/generate-topics-ideas', wish);
  }

  outline(wish: OutlineWish): Promise<Accepted> {
    return this.#start('/generate-story-outline', wish);
  }

  story(wish: StoryWish): Promise<Accepted> {
    return this.#start('/generate-story', wish);
  }

  rewrite(sessionId: string, segmentId: string, instruction: string): Promise<Accepted> {
    return this.#start('/regenerate-segment', {
      session_id: sessionId,
      segment_id: segmentId,
      ...(instruction === '' ? {} : { instruction }),
    });
  }

  /** Pictures for the segments named, or for all without one. */
  illustrate(sessionId: string, style: string, segmentIds?: readonly string[]): Promise<Accepted> {
    return this.#start('/generate-story-image', {
      session_id: sessionId,
      ...(segmentIds === undefined ? {} : { segment_ids: segmentIds }),
      ...(style === '' ? {} : { style }),
    });
  }

  renewImage(sessionId: string, segmentId: string, instruction: string): Promise<Accepted> {
    return this.#start('/regenerate-segment-image', {
      session_id: sessionId,
      segment_id: segmentId,
      ...(instruction === '' ? {} : { instruction }),
    });
  }

  list(cursor?: string): Promise<SessionPage> {
    const query = new URLSearchParams({ limit: '12', ...(cursor === undefined ? {} : { cursor }) });
    return this.#send('GET', `/sessions?${query}`);
  }

  get(sessionId: string, signal?: AbortSignal): Promise<Session> {
    return this.#send('GET', `/sessions/${encodeURIComponent(sessionId)}`, undefined, signal);
  }

  save(
    sessionId: string,
    change: { revision: number; title?: string; segments?: readonly SegmentEdit[] },
  ): Promise<Session> {
    return this.#send('PUT', `/sessions/${encodeURIComponent(sessionId)}`, change);
  }

  async remove(sessionId: string): Promise<void> {
    await this.#send('DELETE', `/sessions/${encodeURIComponent(sessionId)}`);
  }

  /** Asks for the session until its work is done. A failed job is a problem; the session keeps what it had. */
  async follow(sessionId: string, signal: AbortSignal): Promise<Session> {
    const until = Date.now() + JOB_MS;
    let wait = 1000;
    let misses = 0;
    for (;;) {
      await pause(wait, signal);
      wait = Math.min(wait * 1.25, 5000);
      let session: Session;
      try {
        session = await this.get(sessionId, signal);
        misses = 0;
      } catch (error) {
        // One lost answer says nothing about the work.
        if (!(error instanceof Problem) || !error.retryable || ++misses > 4) throw error;
        continue;
      }
      if (!isPending(session)) {
        const failure = failureOf(session);
        if (failure !== undefined) throw failure;
        return session;
      }
      if (Date.now() > until) throw problemOf({ code: 'timeout', message: 'The work has not ended after 15 minutes.' });
    }
  }

  #start(path: string, body: object): Promise<Accepted> {
    return this.#send('POST', path, { ...body, async: true });
  }

  async #send<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    let response = await this.#fetch(method, path, body, await this.#identity.idToken(), signal);
    if (response.status === 401)
      response = await this.#fetch(method, path, body, await this.#identity.idToken(true), signal);
    if (response.status === 204) return undefined as T;
    if (!response.ok) throw await problemOfResponse(response);
    return (await response.json()) as T;
  }

  async #fetch(method: string, path: string, body: unknown, token: string, signal?: AbortSignal): Promise<Response> {
    const limit = AbortSignal.timeout(ANSWER_MS);
    try {
      return await fetch(`${this.#base}${path}`, {
        method,
        headers: {
          authorization: token,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: 'omit',
        cache: 'no-store',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw cause;
      throw unreachable(cause);
    }
  }
}

export function isPending(session: Session): boolean {
  return session.status === 'pending' || session.job?.status === 'pending';
}

export function failureOf(session: Session): Problem | undefined {
  const error = session.job?.error ?? session.error;
  const failed = session.status === 'failed' || session.job?.status === 'failed';
  return failed ? problemOf(error ?? { code: 'internal' }) : undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException('stopped', 'AbortError'));
    };
    if (signal.aborted) return stop();
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
