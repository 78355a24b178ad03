/** What the agent reads and writes itself: sessions in the table, objects in the bucket. */
import * as z from 'zod';
import type { StoryObjects } from '../../common/objects';
import type { SessionStore } from '../../common/session-store';
import { sessionBrief } from './brief';
import { defineTool } from './tool';

const STORAGE_MILLISECONDS = 15_000;
const OBJECT_CHARACTERS = 200_000;

export const loadSession = (sessions: Pick<SessionStore, 'get'>) =>
  defineTool({
    name: 'load_session',
    description:
      "Reads a story of the user: its outline, its segments with their ids and texts, what has an image or audio, and its revision. By default that of this conversation; story_api's GET /sessions lists the others.",
    owner: 'the sessions table',
    timeoutMilliseconds: STORAGE_MILLISECONDS,
    input: z.strictObject({ session_id: z.uuid().optional() }),
    run: async ({ session_id }, { turn }) => sessionBrief(await sessions.get(session_id ?? turn.sessionId, turn.owner)),
  });

const types = {
  txt: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  json: 'application/json',
} as const;

export interface SaveObjectOptions {
  readonly sessions: Pick<SessionStore, 'get'>;
  readonly objects: Pick<StoryObjects, 'put'>;
}

/** Names have no slash, so that nothing can be written outside the session's own prefix. */
export const saveObject = ({ sessions, objects }: SaveObjectOptions) =>
  defineTool({
    name: 'save_object',
    description:
      'Keeps a text beside the story of a session, for example notes, a character sheet or an export. Not for the story itself: use save_session.',
    owner: 'the bucket',
    timeoutMilliseconds: STORAGE_MILLISECONDS,
    input: z.strictObject({
      session_id: z.uuid().optional().describe('By default the session of this conversation'),
      name: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,79}\.(txt|md|json)$/, 'must be a file name that ends in .txt, .md or .json')
        .refine((name) => !/^(story|text-.*)\.json$/i.test(name), 'is a name that the story itself uses'),
      content: z.string().min(1).max(OBJECT_CHARACTERS),
    }),
    run: async ({ session_id, name, content }, { turn }) => {
      const sessionId = session_id ?? (await turn.ensureStory());
      // Somebody else's is as good as none, and objects below it are theirs.
      if (session_id !== undefined) await sessions.get(session_id, turn.owner);
      const key = `stories/${sessionId}/${name}`;
      await objects.put(key, content, types[name.slice(name.lastIndexOf('.') + 1) as keyof typeof types]);
      return { key };
    },
  });
