/** Asks the running system what a first user would ask, through its public address. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_KEY_PATH, needsDefaultKey, readKey } from './secrets';
import { requireOutput, type OperationContext, type SmokeCheck } from '../operations';

/** A new target takes this long at most to get its first request on AWS: two health checks 30 s apart, and a VPC link. */
const READY_WITHIN_MS = 120_000;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export async function smoke(context: OperationContext): Promise<SmokeCheck[]> {
  const base = requireOutput(context, 'api_endpoint');
  const session = `smoke-${randomUUID()}`;
  const health = await untilReady(`${base}/api/health`);
  const checks: SmokeCheck[] = [
    { check: 'GET /api/health', ok: health.status === 200 && health.body['status'] === 'ok', detail: summary(health) },
  ];
  if (!checks[0]!.ok) return checks;
  const headers: Record<string, string> = needsDefaultKey(context)
    ? { authorization: `Bearer ${await readKey(context, DEFAULT_KEY_PATH)}` }
    : {};
  const first = await chat(base, headers, session, 'what is the sprint status?');
  checks.push({
    check: 'POST /api/chat',
    ok: first.status === 200 && typeof first.body['response'] === 'string' && first.body['response'] !== '',
    detail: summary(first),
  });
  const second = await chat(base, headers, session, 'and what did I ask before?');
  const kept = await ask(`${base}/api/conversations/${session}`, { headers });
  const messages = Array.isArray(kept.body['messages']) ? (kept.body['messages'] as { content?: string }[]) : [];
  checks.push({
    check: 'a second message in the session knows the first',
    ok: second.status === 200 && messages.length === 4 && messages[0]?.content === 'what is the sprint status?',
    detail: `${messages.length} messages kept`,
  });
  return checks;
}

function chat(base: string, headers: Record<string, string>, session_id: string, message: string): Promise<Answer> {
  return ask(`${base}/api/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ message, session_id }),
  });
}

async function untilReady(url: string): Promise<Answer> {
  const until = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const answer = await ask(url, {}).catch((error: Error) => ({ status: 0, body: {}, text: error.message }));
    if (answer.status === 200 || Date.now() > until) return answer;
    await sleep(1_000);
  }
}

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(35_000) });
  const text = await response.text();
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Not JSON: the text says what came instead.
  }
  return { status: response.status, body, text };
}

function summary({ status, text }: Answer): string {
  return `${status} ${text.slice(0, 160)}`;
}
