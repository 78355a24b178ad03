/** Asks the running system what a first author would: the page, the agent, the API, and a story with a real token. */
import { ask, askUntil, summary, type Answer } from '../http';
import type { OperationContext, SmokeCheck } from '../operations';
import { agentUrl, apiUrl, siteUrl } from './addresses';
import { canSignIn, signIn } from './admin';
import { privateValues } from './private-values';

/** A story is one call of a model for each segment at most; it goes on behind the gateway's 29 s. */
const STORY_WITHIN_MS = 300_000;

export async function smoke(context: OperationContext): Promise<SmokeCheck[]> {
  const checks = await edgeChecks(context);
  if (checks.every(({ ok }) => ok)) checks.push(await refusal(context));
  if (checks.some(({ ok }) => !ok)) return checks;
  if (!canSignIn(context)) {
    context.session.reporter.info(
      `Only what needs no sign-in was asked: STORY42_ADMIN_PASSWORD is not set (shell or ${privateValues(context.session).fileName}).`,
    );
    return checks;
  }
  return [...checks, ...(await authorChecks(context))];
}

/** What everybody on the Internet can ask. */
async function edgeChecks(context: OperationContext): Promise<SmokeCheck[]> {
  const site = siteUrl(context);
  const agent = agentUrl(context);
  const checks: SmokeCheck[] = [];
  const page = await askUntil(
    () => ask(`${site}/`),
    ({ status }) => status === 200,
  );
  checks.push({
    check: 'GET / through CloudFront is the page',
    ok: page.status === 200 && /<html/i.test(page.text),
    detail: page.status === 0 ? summary(page) : `${page.status}, ${page.text.length} characters`,
  });
  // The others would be waited for as long.
  if (page.status === 0) return checks;
  const config = await ask(`${site}/config.json`);
  checks.push({
    check: 'GET /config.json through CloudFront names this API',
    ok: config.status === 200 && config.body['apiUrl'] === apiUrl(context),
    detail: summary(config),
  });
  if (agent === undefined) return checks;
  const health = await askUntil(
    () => ask(`${agent}/health`),
    ({ status }) => status === 200,
  );
  checks.push({
    check: 'GET /health of the agent through the load balancer',
    ok: health.status === 200 && health.body['status'] === 'ok' && health.body['service'] === 'story-42-agent',
    detail: summary(health),
  });
  // Only /agent/* goes to the agent by the edge, and all of it wants a token: its own refusal proves the way.
  const refused = await askUntil(
    () => ask(`${site}/agent/chat`, { method: 'POST', headers: json, body: '{"message":"hello"}' }),
    ({ status }) => status === 401,
  );
  checks.push({
    check: 'POST /agent/chat through CloudFront reaches the agent, which wants a token',
    ok: refused.status === 401,
    detail: summary(refused),
  });
  return checks;
}

const json = { 'content-type': 'application/json' };

async function refusal(context: OperationContext): Promise<SmokeCheck> {
  const answer = await askUntil(
    () => post(context, '/generate-topics-ideas', undefined, {}),
    ({ status }) => status === 401,
  );
  return { check: 'the API without a token', ok: answer.status === 401, detail: summary(answer) };
}

async function authorChecks(context: OperationContext): Promise<SmokeCheck[]> {
  const token = await signIn(context);
  const topics = await post(context, '/generate-topics-ideas', token, { theme: 'lighthouses', count: 2 });
  const checks: SmokeCheck[] = [
    {
      check: 'POST /generate-topics-ideas',
      ok: topics.status === 200 && Array.isArray(topics.body['topics']) && topics.body['topics'].length > 0,
      detail: summary(topics),
    },
  ];
  const begun = await post(context, '/generate-story', token, {
    topic: 'A lighthouse keeper and the storm',
    segment_count: 2,
    words_per_segment: 50,
    async: true,
  });
  const id = begun.body['session_id'];
  checks.push({ check: 'POST /generate-story, async', ok: begun.status === 202, detail: summary(begun) });
  if (begun.status !== 202 || typeof id !== 'string') return checks;
  const over = new Set<unknown>(['complete', 'failed']);
  const session = await askUntil(
    () => withToken(context, `/sessions/${id}`, token),
    ({ body }) => over.has(sessionIn(body)['status']),
    STORY_WITHIN_MS,
  );
  const { status, segments } = sessionIn(session.body);
  checks.push({
    check: 'the story is complete, with its segments',
    ok: status === 'complete' && Array.isArray(segments) && segments.length > 0,
    detail: status === 'complete' ? `${Array.isArray(segments) ? segments.length : 0} segments` : summary(session),
  });
  const sessions = [id, topics.body['session_id']].filter((value) => typeof value === 'string');
  const removed = await Promise.all(sessions.map((one) => withToken(context, `/sessions/${one}`, token, 'DELETE')));
  checks.push({
    check: 'DELETE /sessions/{id} leaves nothing of the check',
    ok: removed.every(({ status: code }) => code === 204),
    detail: removed.map(({ status: code }) => code).join(', '),
  });
  return checks;
}

/** The session itself, whether or not it stands under a key of its own. */
function sessionIn(body: Record<string, unknown>): Record<string, unknown> {
  const inner = body['session'];
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : body;
}

function post(context: OperationContext, path: string, token: string | undefined, body: object): Promise<Answer> {
  return ask(`${apiUrl(context)}${path}`, {
    method: 'POST',
    headers: { ...json, ...(token === undefined ? {} : { authorization: token }) },
    body: JSON.stringify(body),
  });
}

function withToken(context: OperationContext, path: string, token: string, method = 'GET'): Promise<Answer> {
  return ask(`${apiUrl(context)}${path}`, { method, headers: { authorization: token } });
}
