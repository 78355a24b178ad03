/**
 * Between Lambda and a function's actions: reads the event, checks who asks and what, bounds the time, runs the action or
 * starts a job, shapes the answer and writes the one log line of the request.
 */
import { abortable } from '../../common/abortable';
import { ModelError, ThrottledError } from '../../common/bedrock/errors';
import { errorFields, type Logger } from '../../common/logger';
import type { Action, ActionCall, ActionResult, Actions } from './actions';
import { errorBody, forbidden, internal, StoryError, timedOut } from './errors';
import { directCall, isRestEvent, restCall, routeOf, type Call, type RestEvent } from './events';
import { factsOf, describe, Jobs } from './jobs';
import { longActions, type LongAction, type StoryService } from './routes';
import { actionShapes, type Session } from './schemas';
import { newSession } from './session';
import type { SessionStore } from './session-store';
import type { JobCall } from './invoker';

export interface LambdaContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  getRemainingTimeInMillis(): number;
}

export interface RestAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface FunctionOptions {
  readonly service: StoryService;
  readonly version: string;
  readonly logger: Logger;
  readonly store: SessionStore;
  readonly actions: Actions;
  /** @default - the function has no long actions */
  readonly invokeSelf?: (functionName: string, call: JobCall) => Promise<void>;
  /** How long a request of the API may take: below the 29 s after which the API answers for us. @default 26000 */
  readonly restMilliseconds?: number;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** What the log line will say. */
interface Facts {
  route: string;
  session_id?: string;
  job_id?: string;
  outcome: string;
  error?: unknown;
}

/** What is left of the function's time for saving and answering. */
const MARGIN_MILLISECONDS = 5_000;

export function createHandler(options: FunctionOptions) {
  const { service, version, logger } = options;
  return async (
    event: unknown,
    context: LambdaContext,
  ): Promise<RestAnswer | { statusCode: number; body: unknown }> => {
    const start = performance.now();
    const rest = isRestEvent(event);
    const requestId = (rest && event.requestContext.requestId) || context.awsRequestId;
    const facts: Facts = { route: '-', outcome: 'ok' };
    const answer = await respond(options, event, context, requestId, facts).catch((error: unknown): Answer => {
      const told = toStoryError(error);
      facts.outcome = told.code;
      facts.error = error;
      return { status: told.status, body: { ...errorBody(told, requestId) } };
    });
    logRequest(logger, answer.status, {
      request_id: requestId,
      route: facts.route,
      session_id: facts.session_id,
      job_id: facts.job_id,
      duration_ms: Math.round(performance.now() - start),
      outcome: facts.outcome,
      status: answer.status,
      ...(facts.error !== undefined && errorFields(facts.error, { stack: answer.status === 500 })),
    });
    const body = answer.body && answer.status < 300 ? { ...answer.body, version } : answer.body;
    return rest ? restAnswer(answer.status, body, requestId, version) : { statusCode: answer.status, body };

    function logRequest(log: Logger, status: number, line: Record<string, unknown>): void {
      if (status >= 500) log.error(line, 'request');
      else log.info(line, 'request');
    }
  };

  function restAnswer(statusCode: number, body: unknown, requestId: string, own: string): RestAnswer {
    return {
      statusCode,
      headers: {
        ...(body !== null && { 'content-type': 'application/json; charset=utf-8' }),
        'cache-control': 'no-store',
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'x-request-id, x-story-version',
        'x-request-id': requestId,
        'x-story-version': own,
        'x-story-service': service,
      },
      body: body === null ? '' : JSON.stringify(body),
    };
  }
}

async function respond(
  options: FunctionOptions,
  event: unknown,
  context: LambdaContext,
  requestId: string,
  facts: Facts,
): Promise<Answer> {
  const call = readCall(options, event, facts);
  const action = options.actions[call.action] as Action<unknown> | undefined;
  if (!action) throw internal(new Error(`${options.service} has no action ${call.action}`));
  const remaining = context.getRemainingTimeInMillis() - MARGIN_MILLISECONDS;
  const { restMilliseconds = 26_000 } = options;
  const milliseconds = Math.max(1, isRestEvent(event) ? Math.min(remaining, restMilliseconds) : remaining);
  const jobs = jobsOf(options, context.functionName);
  const work: Work = { options, call, action, requestId, facts, milliseconds, jobs };
  if (call.job) return runJob(work, call.job);

  const named = call.input.session_id;
  if (typeof named === 'string') facts.session_id = named;
  const loads = typeof named === 'string' && action.loadsSession !== false;
  const session = loads ? await options.store.get(named, call.principal.sub) : undefined;
  if (call.input.async === true) {
    action.check?.(callOf(work, session, AbortSignal.abort(), false));
    return startJob(work, session, context.getRemainingTimeInMillis());
  }
  try {
    const result = await run(work, session, false);
    if (result?.session_id !== undefined) facts.session_id = result.session_id;
    return { status: actionShapes[call.action].status, body: result ? { ...result } : null };
  } catch (error) {
    if (error instanceof StoryError && error.code === 'timeout' && isLong(call.action)) {
      facts.session_id = await markTimedOut(options.store, call, session, error);
    }
    throw error;
  }
}

interface Work {
  readonly options: FunctionOptions;
  readonly call: Call;
  readonly action: Action<unknown>;
  readonly requestId: string;
  readonly facts: Facts;
  readonly milliseconds: number;
  readonly jobs: Jobs;
}

function readCall({ service }: FunctionOptions, event: unknown, facts: Facts): Call {
  if (!isRestEvent(event)) {
    facts.route = 'direct';
    const call = directCall(event, service);
    facts.route = `direct ${call.action}`;
    return call;
  }
  facts.route = `${event.httpMethod} -`;
  const route = routeOf(event, service);
  // As the API itself answers for a path that it does not know.
  if (!route) throw forbidden('there is nothing at this path');
  facts.route = `${route.method} ${route.path}`;
  noteSession(event, facts);
  return restCall(event, route.action);
}

function noteSession({ pathParameters }: RestEvent, facts: Facts): void {
  if (pathParameters?.session_id !== undefined) facts.session_id = pathParameters.session_id;
}

const callOf = (work: Work, session: Session | undefined, signal: AbortSignal, job: boolean): ActionCall<unknown> => ({
  input: work.call.input,
  principal: work.call.principal,
  session,
  requestId: work.requestId,
  signal,
  deadline: new Date(Date.now() + work.milliseconds),
  job,
});

/** Ends no later than its time, whether or not the action heeds the signal. */
async function run(work: Work, session: Session | undefined, job: boolean): Promise<ActionResult | undefined> {
  const controller = new AbortController();
  const late = timedOut(
    job ? 'the work did not end in its time' : 'no answer in time; send "async": true to let it take longer',
  );
  const timer = setTimeout(() => controller.abort(late), work.milliseconds);
  const call = callOf(work, session, controller.signal, job);
  try {
    work.action.check?.(call);
    return await abortable(work.action.run(call), controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function startJob(work: Work, session: Session | undefined, runMilliseconds: number): Promise<Answer> {
  const { input, principal, action } = work.call;
  const job = await work.jobs.start({ action: action as LongAction, input, principal, session, runMilliseconds });
  Object.assign(work.facts, { session_id: job.session_id, job_id: job.job_id, outcome: 'accepted' });
  return { status: 202, body: { session_id: job.session_id, job_id: job.job_id, status: 'pending' } };
}

async function runJob(work: Work, { job_id, session_id }: NonNullable<Call['job']>): Promise<Answer> {
  Object.assign(work.facts, { job_id, session_id });
  const job = { job_id, session_id, owner_sub: work.call.principal.sub };
  const session = await work.jobs.begin(job, new Date(Date.now() + work.milliseconds));
  if (!session) {
    work.facts.outcome = 'skipped';
    return { status: 200, body: { session_id, job_id, status: 'skipped' } };
  }
  try {
    const result = await run(work, session, true);
    await work.jobs.complete(job, result?.failed);
    return { status: 200, body: { session_id, job_id, status: 'complete' } };
  } catch (error) {
    await work.jobs.fail(job, toStoryError(error));
    throw error;
  }
}

/** The caller may have gone: what happened is to be found on the session. Resolves with the session's id. */
async function markTimedOut(
  store: SessionStore,
  call: Call,
  session: Session | undefined,
  error: StoryError,
): Promise<string> {
  if (!session) {
    const fresh = newSession({ ownerSub: call.principal.sub, ...factsOf(call.input) }, store.now());
    return (await store.create({ ...fresh, status: 'failed', error: describe(error) })).session_id;
  }
  await store.change(session.session_id, session.owner_sub, (current) => ({
    ...current,
    status: 'failed',
    error: describe(error),
  }));
  return session.session_id;
}

function jobsOf({ store, invokeSelf }: FunctionOptions, functionName: string): Jobs {
  return new Jobs({
    store,
    invokeSelf: async (call) => {
      if (!invokeSelf) throw new Error('this function has no background work');
      await invokeSelf(functionName, call);
    },
  });
}

const isLong = (action: string): action is LongAction => (longActions as readonly string[]).includes(action);

/** What the caller is told; the log keeps the original. */
function toStoryError(error: unknown): StoryError {
  if (error instanceof StoryError) return error;
  if (error instanceof ThrottledError) return new StoryError('throttled', error.message, { cause: error });
  if (error instanceof ModelError) return new StoryError('model_error', error.message, { cause: error });
  return internal(error);
}
