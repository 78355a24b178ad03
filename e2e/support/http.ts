/** Small HTTP helpers: JSON in, JSON out, and a steady load that counts what failed. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly text: string;
}

export async function ask<T = Record<string, unknown>>(
  url: string,
  init: RequestInit & { json?: unknown } = {},
): Promise<Answer<T>> {
  const { json, ...rest } = init;
  const request: RequestInit =
    json === undefined
      ? rest
      : {
          method: 'POST',
          ...rest,
          headers: { 'content-type': 'application/json', ...rest.headers },
          body: JSON.stringify(json),
        };
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000), ...request });
  const text = await response.text();
  let body = {} as T;
  try {
    body = JSON.parse(text) as T;
  } catch {
    // Some answers are not JSON; `text` has them.
  }
  return { status: response.status, headers: response.headers, body, text };
}

export interface Load {
  /** Ends the load and tells how many requests there were and what went wrong. */
  stop(): Promise<{ requests: number; failures: string[] }>;
}

/** Asks for `url` again and again, `everyMs` after each answer. */
export function steadyLoad(url: string, everyMs: number): Load {
  const failures: string[] = [];
  let requests = 0;
  let running = true;
  const loop = (async () => {
    while (running) {
      requests += 1;
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
        const text = await response.text();
        if (response.status !== 200) failures.push(`${response.status} ${text.slice(0, 100)}`);
      } catch (error) {
        failures.push(String((error as Error).cause ?? error));
      }
      await sleep(everyMs);
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
      return { requests, failures };
    },
  };
}
