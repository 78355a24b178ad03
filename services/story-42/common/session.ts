/** A session as our code holds it, and what can be said of one without a store. */
import { randomUUID } from 'node:crypto';
import { conflict } from './errors';
import type { Job, Segment, Session } from './schemas';

/** After the last change; DynamoDB removes it within days of that. */
const SESSION_SECONDS = 365 * 24 * 3_600;

export interface NewSession {
  readonly sessionId?: string;
  readonly ownerSub: string;
  readonly topic?: string | null;
  readonly audience?: string;
  readonly genre?: string;
  readonly language?: string;
}

/** Not stored yet: its revision is 0. */
export function newSession(facts: NewSession, now: Date): Session {
  const at = now.toISOString();
  return {
    session_id: facts.sessionId ?? randomUUID(),
    owner_sub: facts.ownerSub,
    status: 'draft',
    title: null,
    topic: facts.topic ?? null,
    audience: facts.audience ?? null,
    genre: facts.genre ?? null,
    language: facts.language ?? 'en',
    topics: null,
    outline: null,
    segments: [],
    revision: 0,
    story_key: null,
    model_id: null,
    usage: null,
    job: null,
    error: null,
    created_at: at,
    updated_at: at,
    expires_at: expiryOf(now),
  };
}

export const expiryOf = (now: Date): number => Math.floor(now.getTime() / 1_000) + SESSION_SECONDS;

export const jobRunning = (job: Job | null, now: Date): boolean =>
  job?.status === 'pending' && Date.parse(job.deadline) > now.getTime();

/** What a session is when nothing has just failed. */
export const settledStatus = ({ job, segments }: Session, now: Date): Session['status'] =>
  jobRunning(job, now) ? 'pending' : segments.length > 0 ? 'complete' : 'draft';

const lost = { code: 'timeout', message: 'the job did not end in its time' };

/** A job whose function died never says so: after its deadline it reads as failed. */
export function withLostJob<T extends Pick<Session, 'job' | 'status' | 'error'>>(session: T, now: Date): T {
  const { job } = session;
  if (job?.status !== 'pending' || jobRunning(job, now)) return session;
  return { ...session, status: 'failed', error: lost, job: { ...job, status: 'failed', error: lost } };
}

export const findSegment = (session: Session, segmentId: string): Segment | undefined =>
  session.segments.find((segment) => segment.segment_id === segmentId);

export const withSegment = (session: Session, changed: Segment): Session => ({
  ...session,
  segments: session.segments.map((segment) => (segment.segment_id === changed.segment_id ? changed : segment)),
});

export function refuseWhileJobRuns({ job }: Session, now: Date): void {
  if (job && jobRunning(job, now)) throw conflict(`job ${job.job_id} (${job.action}) of this session is still running`);
}
