/** Asks the running system what a first user would ask, through its public address. */
import { randomUUID } from 'node:crypto';
import { DEFAULT_KEY_PATH, needsDefaultKey, readKey } from './secrets';
import { ask, askUntil, summary, type Answer } from '../http';
import { requireOutput, type OperationContext, type SmokeCheck } from '../operations';

export async function smoke(context: OperationContext): Promise<SmokeCheck[]> {
  const base = requireOutput(context, 'api_endpoint');
  const session = `smoke-${randomUUID()}`;
  const health = await askUntil(
    () => ask(`${base}/api/health`),
    ({ status }) => status === 200,
  );
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
