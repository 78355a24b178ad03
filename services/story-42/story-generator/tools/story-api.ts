/**
 * The REST API, called with the caller's own token: the agent can do through it what its user could, and no more. What
 * takes long is started in the background and followed, as the API's gateway does not wait for it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { ToolError } from '../../../common/bedrock/errors';
import type { HttpClient } from '../../../common/http-client';
import { longActions, storyRoutes, type StoryAction } from '../../common/routes';
import { routes, sessionSchema, type Session } from '../../common/schemas';
import type { Turn } from '../agent/turn';
import { sessionBrief } from './brief';
import { defineTool, type ToolCallContext } from './tool';

/** Below the time of a whole message, so that the model still gets to say what has happened. */
export const STORY_API_MILLISECONDS = 90_000;
const POLL_MILLISECONDS = 700;

/** Deleting is left to people: a page that the agent has read must not be able to talk it into that. */
const offered = storyRoutes.filter((route) => route.method !== 'DELETE');
const names = offered.map(({ method, path }) => `${method} ${path}`);

const describeRoutes = (): string =>
  routes
    .filter(({ method }) => method !== 'DELETE')
    .map(({ method, path, summary, request, query }) => {
      const fields = Object.keys((request ?? query)?._zod.def.shape ?? {}).filter((field) => field !== 'async');
      return `${method} ${path}: ${summary}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}`;
    })
    .join('\n');

const description = `Calls the story API for the user. Routes, with what their body or query takes:
${describeRoutes()}
POST /generate-story wants a topic, an outline, or a session that has an outline. Without session_id, outlines and stories go to the session of this conversation. PUT wants the current revision and only what changes.`;

export interface StoryApiOptions {
  readonly client: HttpClient;
  /** @default 90000 */
  readonly milliseconds?: number;
}

export const storyApi = ({ client, milliseconds = STORY_API_MILLISECONDS }: StoryApiOptions) =>
  defineTool({
    name: 'story_api',
    description,
    owner: 'the story API',
    timeoutMilliseconds: milliseconds,
    input: z.strictObject({
      route: z.enum(names as [string, ...string[]]).describe('Which operation'),
      session_id: z.uuid().optional().describe('For a route with {session_id} in its path'),
      body: z.looseObject({}).optional().describe('Of POST and PUT'),
      query: z
        .strictObject({ limit: z.int().optional(), cursor: z.string().optional() })
        .optional()
        .describe('Of GET /sessions'),
    }),
    run: async ({ route, session_id, body = {}, query = {} }, context) => {
      const { method, path, action } = offered[names.indexOf(route)]!;
      const { turn } = context;
      const inPath = path.replace('{session_id}', session_id ?? turn.sessionId);
      const long = (longActions as readonly string[]).includes(action);
      const sent = long ? { ...(await withSession(action, body, turn)), async: true } : body;
      const answer = await call(client, context, inPath, {
        method,
        ...(method === 'GET' ? { query: texts(query) } : { json: sent }),
      });
      if (answer.status === 202) return finished(await follow(client, context, answer.body), action, turn);
      if (method === 'PUT') turn.hasChanged(session_id ?? turn.sessionId);
      const session = sessionSchema.safeParse(answer.body);
      return session.success ? sessionBrief(session.data) : answer.body;
    },
  });

/** Topic ideas make a session of their own; what follows from them belongs to the conversation's. */
async function withSession(action: StoryAction, body: Record<string, unknown>, turn: Turn) {
  if (action === 'generate-topics-ideas' || body.session_id !== undefined) return body;
  if (action === 'generate-story-outline' || action === 'generate-story') {
    return { ...body, session_id: await turn.ensureStory() };
  }
  return { ...body, session_id: turn.sessionId };
}

const texts = (query: Readonly<Record<string, string | number | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

async function call(
  client: HttpClient,
  { turn, signal }: ToolCallContext,
  path: string,
  request: { method: 'GET' | 'POST' | 'PUT'; query?: Record<string, string>; json?: unknown },
): Promise<Answer> {
  const { status, bytes } = await client.request(path, {
    ...request,
    headers: { accept: 'application/json', authorization: turn.caller.token },
    // Only reading can be repeated without doing something twice.
    tries: request.method === 'GET' ? 3 : 1,
    refusals: true,
    signal,
  });
  const body = asObject(bytes);
  if (status < 400) return { status, body };
  const refusal = errorSchema.safeParse(body);
  throw new ToolError(
    refusal.success
      ? `${refusal.data.error.code}: ${refusal.data.error.message}`
      : `the story API answered with HTTP ${status}`,
  );
}

function asObject(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = bytes.byteLength === 0 ? {} : JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new ToolError('the story API answered in a form that is not understood');
}

const acceptedSchema = z.object({ session_id: z.uuid(), job_id: z.uuid() });

async function follow(client: HttpClient, context: ToolCallContext, accepted: unknown): Promise<Session> {
  const { session_id, job_id } = acceptedSchema.parse(accepted);
  for (;;) {
    await delay(POLL_MILLISECONDS, undefined, { signal: context.signal });
    const { body } = await call(client, context, `/sessions/${session_id}`, { method: 'GET' });
    const session = sessionSchema.parse(body);
    if (session.job?.job_id !== job_id)
      throw new ToolError('conflict: something else has changed the session meanwhile');
    if (session.job.status === 'failed') {
      const error = session.job.error ?? session.error;
      throw new ToolError(error ? `${error.code}: ${error.message}` : 'the story API could not do it');
    }
    if (session.job.status === 'complete') return session;
  }
}

function finished(session: Session, action: StoryAction, turn: Turn) {
  if (action === 'generate-topics-ideas') return { topics: session.topics };
  turn.hasChanged(session.session_id);
  return sessionBrief(session);
}
