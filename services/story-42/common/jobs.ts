/**
 * Long work in the background: a job is written on the session, the function invokes itself, and the job's end is written
 * on the session, too. An invocation that comes twice does nothing the second time.
 */
import { randomUUID } from 'node:crypto';
import { StoryError } from './errors';
import type { JobCall } from './invoker';
import type { Principal } from './principal';
import type { LongAction } from './routes';
import type { FailedImage, Job, Session } from './schemas';
import { newSession, refuseWhileJobRuns, settledStatus } from './session';
import type { SessionStore } from './session-store';

/** How long an invocation may wait in its queue before we give it up. */
const QUEUE_MILLISECONDS = 120_000;
/** For writing down how it ended. */
const END_MILLISECONDS = 15_000;

export interface JobRequest {
  readonly action: LongAction;
  readonly input: Readonly<Record<string, unknown>>;
  readonly principal: Principal;
  readonly session: Session | undefined;
  /** How long the function may run. */
  readonly runMilliseconds: number;
}

export interface JobsOptions {
  readonly store: SessionStore;
  /** Invokes this very function in the background. */
  readonly invokeSelf: (call: JobCall) => Promise<void>;
}

export class Jobs {
  readonly #store: SessionStore;
  readonly #invokeSelf: (call: JobCall) => Promise<void>;

  constructor({ store, invokeSelf }: JobsOptions) {
    this.#store = store;
    this.#invokeSelf = invokeSelf;
  }

  async start({ action, input, principal, session: known, runMilliseconds }: JobRequest): Promise<Job & Owner> {
    const now = this.#store.now();
    const job: Job = {
      job_id: randomUUID(),
      action,
      status: 'pending',
      created_at: now.toISOString(),
      started_at: null,
      finished_at: null,
      deadline: new Date(now.getTime() + QUEUE_MILLISECONDS + runMilliseconds).toISOString(),
      error: null,
    };
    const pending = (session: Session): Session => ({ ...session, status: 'pending', error: null, job });
    const { session_id } = known
      ? await this.#store.change(known.session_id, principal.sub, (current) => {
          refuseWhileJobRuns(current, now);
          return pending(current);
        })
      : await this.#store.create(pending(newSession({ ownerSub: principal.sub, ...factsOf(input) }, now)));
    const owner = { session_id, owner_sub: principal.sub };
    const { async: _async, ...body } = input;
    const { sub, groups } = principal;
    try {
      await this.#invokeSelf({
        action,
        body,
        principal: { sub, groups },
        job: { job_id: job.job_id, session_id },
      });
    } catch (error) {
      await this.fail({ ...owner, job_id: job.job_id }, error);
      throw error;
    }
    return { ...job, ...owner };
  }

  /** The session, with its job begun; undefined when it is not waiting for this job (any more). */
  async begin(job: JobId, deadline: Date): Promise<Session | undefined> {
    const at = this.#store.now().toISOString();
    const end = new Date(deadline.getTime() + END_MILLISECONDS).toISOString();
    let begun = false;
    const session = await this.#store.change(job.session_id, job.owner_sub, (current) => {
      begun = current.job?.job_id === job.job_id && current.job.status === 'pending' && current.job.started_at === null;
      return begun ? { ...current, job: { ...current.job!, started_at: at, deadline: end } } : current;
    });
    return begun ? session : undefined;
  }

  async complete(job: JobId, failed: readonly FailedImage[] | undefined): Promise<void> {
    await this.#end(job, (session, ended) => {
      const done: Session = {
        ...session,
        error: null,
        job: { ...ended, status: 'complete', ...(failed && { failed: [...failed] }) },
      };
      return { ...done, status: settledStatus(done, this.#store.now()) };
    });
  }

  async fail(job: JobId, cause: unknown): Promise<void> {
    const error = describe(cause);
    await this.#end(job, (session, ended) => ({
      ...session,
      status: 'failed',
      error,
      job: { ...ended, status: 'failed', error },
    }));
  }

  /** Nothing to write when the session is gone or has another job by now. */
  async #end(job: JobId, change: (session: Session, ended: Job) => Session): Promise<void> {
    try {
      await this.#store.change(job.session_id, job.owner_sub, (session) =>
        session.job?.job_id === job.job_id
          ? change(session, { ...session.job, finished_at: this.#store.now().toISOString() })
          : session,
      );
    } catch (error) {
      if (!(error instanceof StoryError && error.code === 'session_not_found')) throw error;
    }
  }
}

interface Owner {
  readonly session_id: string;
  readonly owner_sub: string;
}
export interface JobId extends Owner {
  readonly job_id: string;
}

/** What a session keeps of an error. */
export const describe = (error: unknown): { code: string; message: string } =>
  error instanceof StoryError
    ? { code: error.code, message: error.message }
    : { code: 'internal', message: 'something went wrong on our side' };

/** What a new session can know before its text is there. */
export function factsOf(input: Readonly<Record<string, unknown>>) {
  const text = (name: string) => (typeof input[name] === 'string' ? input[name] : undefined);
  return {
    topic: text('topic') ?? text('theme'),
    audience: text('audience'),
    genre: text('genre'),
    language: text('language'),
  };
}
