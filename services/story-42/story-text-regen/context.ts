/** What the actions of this function work with. */
import type { ActionCall } from '../common/actions';
import type { FunctionInvoker } from '../common/invoker';
import type { StoryObjects } from '../common/objects';
import type { Session } from '../common/schemas';
import { newSession, settledStatus } from '../common/session';
import type { SessionStore } from '../common/session-store';
import { writeStoryFile } from '../common/story-file';
import type { Model } from './ask';

export interface TextContext {
  readonly model: Model;
  readonly store: SessionStore;
  readonly objects: Pick<StoryObjects, 'put' | 'url'>;
  readonly invoker: Pick<FunctionInvoker, 'call'>;
  readonly imageFunctionName: string;
}

/** Puts new text on the session of the call, or on a new one; whatever else changed there meanwhile stays. */
export async function saveText(
  { store }: TextContext,
  { session, principal, signal }: ActionCall<unknown>,
  change: (session: Session) => Session,
): Promise<Session> {
  signal.throwIfAborted();
  const changed = (current: Session): Session => {
    const next: Session = { ...change(current), error: null };
    return { ...next, status: settledStatus(next, store.now()) };
  };
  return session
    ? store.change(session.session_id, principal.sub, changed)
    : store.create(changed(newSession({ ownerSub: principal.sub }, store.now())));
}

/** After the item: the item is the truth. */
export const saveStoryFile = ({ objects }: TextContext, session: Session): Promise<void> =>
  writeStoryFile(session, objects);
