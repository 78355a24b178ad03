/** What a function is called with: a request of the REST API, or a direct invocation. Both become the same call. */
import * as z from 'zod/mini';
import { invalid } from './errors';
import { principalOf, requireGroup, type Principal } from './principal';
import { storyRoutes, type StoryAction, type StoryService } from './routes';
import { actionShapes } from './schemas';
import { validated } from './validate';

/** The part of a REST proxy event that we read. */
export interface RestEvent {
  readonly httpMethod: string;
  readonly path: string;
  readonly resource?: string | null;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly pathParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    readonly requestId?: string;
    readonly authorizer?: { readonly claims?: Readonly<Record<string, unknown>> } | null;
  };
}

/** Input that fits its schema. */
export interface Call {
  readonly action: StoryAction;
  readonly input: Readonly<Record<string, unknown>>;
  readonly principal: Principal;
  readonly job?: { readonly job_id: string; readonly session_id: string };
}

/** An asynchronous invocation takes 256 KB, and what we add is small. */
const LONG_BODY_BYTES = 200_000;
/** A whole story, edited; a function's answer ends at 6 MB. */
const PUT_BODY_BYTES = 5_000_000;

const directSchema = z.object({
  action: z.string(),
  body: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
  principal: z.object({ sub: z.string().check(z.minLength(1)), groups: z.array(z.string()) }),
  job: z.optional(z.object({ job_id: z.uuid(), session_id: z.uuid() })),
});

export const isRestEvent = (event: unknown): event is RestEvent =>
  typeof event === 'object' && event !== null && 'httpMethod' in event && 'requestContext' in event;

/** Method and path template, or undefined when it is none of ours. */
export function routeOf(event: RestEvent, service: StoryService) {
  const own = storyRoutes.filter((route) => route.service === service && route.method === event.httpMethod);
  return own.find(({ path }) => path === event.resource) ?? own.find(({ path }) => patternOf(path).test(event.path));
}

export function restCall(event: RestEvent, action: StoryAction): Call {
  const shapes: Shapes = actionShapes[action];
  const query = defined(event.queryStringParameters);
  const principal = principalOf(event.requestContext.authorizer?.claims);
  requireGroup(principal);
  return {
    action,
    principal,
    input: {
      ...(shapes.params && validated(shapes.params, restParams(event))),
      ...(shapes.query && validated(shapes.query, withNumbers(query))),
      ...(shapes.request && validated(shapes.request, readBody(event, action))),
    },
  };
}

export function directCall(event: unknown, service: StoryService): Call {
  const { action: name, body, principal, job } = validated(directSchema, event);
  requireGroup(principal);
  const own = storyRoutes.filter((route) => route.service === service);
  const action = own.find((route) => route.action === name)?.action;
  if (action === undefined) throw invalid('action', `must be one of ${own.map((route) => route.action).join(', ')}`);
  const shapes: Shapes = actionShapes[action];
  const rest = { ...body };
  const input: Record<string, unknown> = {};
  for (const schema of [shapes.params, shapes.query]) {
    if (!schema) continue;
    const named = Object.keys(schema._zod.def.shape).filter((key) => rest[key] !== undefined);
    Object.assign(input, validated(schema, Object.fromEntries(named.map((key) => [key, rest[key]]))));
    for (const key of named) delete rest[key];
  }
  Object.assign(input, validated(shapes.request ?? nothing, rest));
  return { action, input, principal, ...(job && { job }) };
}

interface Shapes {
  readonly params?: z.core.$ZodObject;
  readonly query?: z.core.$ZodObject;
  readonly request?: z.core.$ZodObject;
}

const nothing = z.strictObject({});

const patternOf = (path: string) => new RegExp(`^(/[^/]+)?${path.replace(/\{\w+\}/g, '[^/]+')}/?$`);

function restParams({ pathParameters, path }: RestEvent): Record<string, string> {
  const given = defined(pathParameters);
  if (given.session_id !== undefined) return { session_id: given.session_id };
  const last = path.split('/').findLast((part) => part !== '');
  return last === undefined ? {} : { session_id: decode(last) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const defined = (values: Readonly<Record<string, string | undefined>> | null | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(values ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined));

const withNumbers = (query: Record<string, string>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(query).map(([name, value]) => [
      name,
      name === 'limit' && /^-?\d{1,9}$/.test(value) ? Number(value) : value,
    ]),
  );

function readBody(event: RestEvent, action: StoryAction): unknown {
  const type = Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (type !== undefined && !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type.trim())) {
    throw invalid('body', 'must be JSON, sent with content-type: application/json');
  }
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  const most = action === 'put-session' ? PUT_BODY_BYTES : LONG_BODY_BYTES;
  if (bytes.byteLength > most) throw invalid('body', `must have at most ${most} bytes`);
  if (bytes.byteLength === 0) throw invalid('body', 'is empty; a JSON object is expected');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid('body', 'is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('body', 'must be a JSON object');
  return value;
}
