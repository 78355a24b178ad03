/** Bodies of the story API as the page reads them: types only, so that no schema gets into the page. */
import type { Session as StoredSession, SessionSummary as StoredSummary } from '../common/schemas';

export type { Outline, Segment, Topic } from '../common/schemas';
export type Session = StoredSession;
export type SessionSummary = StoredSummary;

export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  readonly next_cursor: string | null;
}

/** The answer to `"async": true`. */
export interface Accepted {
  readonly session_id: string;
  readonly job_id: string;
  readonly status: 'pending';
}
