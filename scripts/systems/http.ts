/** Questions to a running system, for smoke checks: one answer whatever comes, and patience while it starts. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  /** 0 when nothing answered. */
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** A new target takes this long at most to get its first request on AWS: two health checks 30 s apart, and a VPC link. */
const READY_WITHIN_MS = 120_000;
const ANSWER_WITHIN_MS = 35_000;

/** Never throws: that nothing answers is an answer too. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    ({ status } = response);
    text = await response.text();
  } catch (error) {
    const { message, cause } = error as Error;
    return { status: 0, body: {}, text: `${url}: ${message}${cause instanceof Error ? `, ${cause.message}` : ''}` };
  }
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Not JSON: the text says what came instead.
  }
  return { status, body, text };
}

/** Asks until `accept` takes the answer, and gives the last one when the time is over. */
export async function askUntil(
  question: () => Promise<Answer>,
  accept: (answer: Answer) => boolean,
  withinMs: number = READY_WITHIN_MS,
): Promise<Answer> {
  const until = Date.now() + withinMs;
  for (;;) {
    const answer = await question();
    if (accept(answer) || Date.now() > until) return answer;
    await sleep(1_000);
  }
}

export function summary({ status, text }: Answer): string {
  return `${status} ${text.slice(0, 160)}`;
}
