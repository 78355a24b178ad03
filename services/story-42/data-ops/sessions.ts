/** The four session routes. */
import type { Action } from '../common/actions';
import { conflict, segmentNotFound } from '../common/errors';
import type { StoryObjects } from '../common/objects';
import type { RequestOf, Segment, Session } from '../common/schemas';
import { settledStatus } from '../common/session';
import type { SessionStore } from '../common/session-store';
import { writeStoryFile } from '../common/story-file';
import { sessionView } from '../common/views';

export interface DataContext {
  readonly store: SessionStore;
  readonly objects: Pick<StoryObjects, 'put' | 'url' | 'deleteAll'>;
}

interface Named {
  readonly session_id: string;
}
type Edit = RequestOf<'put-session'>;

export const listAction = ({ store }: DataContext): Action<{ readonly limit: number; readonly cursor?: string }> => ({
  async run({ input, principal }) {
    const { sessions, nextCursor } = await store.list(principal.sub, input.limit, input.cursor);
    return { sessions, next_cursor: nextCursor };
  },
});

export const getAction = ({ objects }: DataContext): Action<Named> => ({
  run: async ({ session }) => sessionView(session!, objects),
});

export const putAction = ({ store, objects }: DataContext): Action<Named & Edit> => ({
  async run({ input, session }) {
    const current = session!;
    if (input.revision !== current.revision) {
      throw conflict(`the session is at revision ${current.revision}, not ${input.revision}; read it again`);
    }
    const edited = { ...applyEdit(current, input), error: null };
    const saved = await store.save({ ...edited, status: settledStatus(edited, store.now()) });
    if (saved.story_key !== null) await writeStoryFile(saved, objects);
    return sessionView(saved, objects);
  },
});

/** Objects first: when that breaks off, the session is still there to be deleted again. */
export const deleteAction = ({ store, objects }: DataContext): Action<Named> => ({
  loadsSession: false,
  async run({ input, principal }) {
    const session = await store.find(input.session_id, principal.sub);
    if (session) {
      await objects.deleteAll(input.session_id);
      await store.delete(input.session_id, principal.sub);
    }
    return undefined;
  },
});

/** Segments that are not named stay as they are; a changed one has its revision raised. */
export function applyEdit(session: Session, { title, segments: edits = [] }: Omit<Edit, 'revision'>): Session {
  const byId = new Map(edits.map((edit) => [edit.segment_id, edit]));
  for (const id of byId.keys()) {
    if (!session.segments.some((segment) => segment.segment_id === id)) throw segmentNotFound(id);
  }
  const segments = session.segments.map((segment): Segment => {
    const {
      heading = segment.heading,
      text = segment.text,
      image_prompt = segment.image_prompt,
    } = byId.get(segment.segment_id) ?? {};
    if (heading === segment.heading && text === segment.text && image_prompt === segment.image_prompt) return segment;
    // What was spoken is not what is written any more.
    const audio_key = text === segment.text ? segment.audio_key : null;
    return { ...segment, heading, text, image_prompt, audio_key, revision: segment.revision + 1 };
  });
  return { ...session, title: title ?? session.title, segments };
}
