/** One picture of one segment: drawn, stored, and only then named on the session. Earlier pictures stay until they expire. */
import type { ActionCall } from '../common/actions';
import { segmentNotFound } from '../common/errors';
import { imageKey, type StoryObjects } from '../common/objects';
import type { Segment, Session, StoryImage } from '../common/schemas';
import { findSegment, settledStatus, withSegment } from '../common/session';
import type { SessionStore } from '../common/session-store';
import type { GoogleImages, ImageSize } from './google-images';

export interface ImageContext {
  readonly google: Pick<GoogleImages, 'generate'>;
  readonly store: SessionStore;
  readonly objects: Pick<StoryObjects, 'put' | 'delete' | 'url'>;
}

export interface Wish {
  readonly style?: string;
  readonly instruction?: string;
  readonly size: ImageSize;
}

export interface Drawn {
  readonly image: StoryImage;
  readonly previousKey: string | null;
}

/** For saving and answering after the provider's time is over. */
const MARGIN_MILLISECONDS = 2_000;
const PROMPT_CHARACTERS = 4_000;

/** Ends before the request does, so that the pictures that are done are answered. */
export const drawingSignal = ({ signal, deadline }: ActionCall<unknown>): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, deadline.getTime() - Date.now() - MARGIN_MILLISECONDS))]);

export async function draw(
  context: ImageContext,
  call: ActionCall<unknown>,
  segment: Segment,
  wish: Wish,
  signal: AbortSignal,
): Promise<Drawn> {
  const { google, store, objects } = context;
  const { session_id } = call.session!;
  const { sub } = call.principal;
  const png = await google.generate({ prompt: promptOf(call.session!, segment, wish), size: wish.size, signal });
  call.signal.throwIfAborted();
  // A revision of its own makes a key of its own, also when the same segment is drawn twice at once.
  const reserved = await store.change(session_id, sub, (session) => raised(session, segment.segment_id, {}));
  const { revision } = findSegment(reserved, segment.segment_id)!;
  const key = imageKey(session_id, segment.segment_id, revision);
  await objects.put(key, png, 'image/png');
  let previousKey: string | null = null;
  try {
    await store.change(session_id, sub, (session) => {
      previousKey = findSegment(session, segment.segment_id)?.image_key ?? null;
      const named = raised(session, segment.segment_id, { image_key: key });
      return { ...named, error: null, status: settledStatus(named, store.now()) };
    });
  } catch (error) {
    // Nothing names it.
    await objects.delete(key).catch(() => undefined);
    throw error;
  }
  const url = await objects.url(key);
  return { image: { segment_id: segment.segment_id, key, url, content_type: 'image/png' }, previousKey };
}

/** On what is there now: text that was changed meanwhile stays. */
function raised(session: Session, segmentId: string, change: Partial<Segment>): Session {
  const segment = findSegment(session, segmentId);
  if (!segment) throw segmentNotFound(segmentId);
  return withSegment(session, { ...segment, ...change, revision: segment.revision + 1 });
}

export function promptOf(session: Session, segment: Segment, { style, instruction }: Wish): string {
  const scene = segment.image_prompt.trim() || `${segment.heading}. ${segment.text}`.trim();
  return [
    `Illustration for a story${session.title === null ? '' : ` called "${session.title}"`}.`,
    ...(session.audience === null ? [] : [`Readers: ${session.audience}.`]),
    ...(style ? [`Style: ${style}.`] : []),
    `Scene: ${scene}`,
    ...(instruction ? [`Wish of the author: ${instruction}`] : []),
    'No words or letters in the picture.',
  ]
    .join('\n')
    .slice(0, PROMPT_CHARACTERS);
}
