/** The two image routes. */
import type { Action } from '../common/actions';
import { conflict, segmentNotFound, StoryError, timedOut } from '../common/errors';
import type { FailedImage, RequestOf, Segment, Session, StoryImage } from '../common/schemas';
import { findSegment } from '../common/session';
import { draw, drawingSignal, type ImageContext } from './picture';

/** More at once, and the provider throttles. */
const AT_ONCE = 3;

export const imagesAction = (context: ImageContext): Action<RequestOf<'generate-story-image'>> => ({
  check({ input, session }) {
    if (!session || session.segments.length === 0) throw conflict('that session has no story yet');
    for (const id of input.segment_ids ?? []) if (!findSegment(session, id)) throw segmentNotFound(id);
  },

  async run(call) {
    const { style, size } = call.input;
    const segments = wanted(call.session!, call.input.segment_ids);
    const signal = drawingSignal(call);
    const images = new Map<string, StoryImage>();
    const failed = new Map<string, FailedImage>();
    await eachOf(segments, AT_ONCE, async (segment) => {
      try {
        const { image } = await draw(context, call, segment, { style, size }, signal);
        images.set(segment.segment_id, image);
      } catch (error) {
        failed.set(segment.segment_id, { segment_id: segment.segment_id, ...reasonOf(error, signal) });
      }
    });
    call.signal.throwIfAborted();
    if (segments.length > 0 && images.size === 0) throw noneMade([...failed.values()]);
    return {
      session_id: call.session!.session_id,
      images: segments.flatMap(({ segment_id }) => images.get(segment_id) ?? []),
      failed: segments.flatMap(({ segment_id }) => failed.get(segment_id) ?? []),
    };
  },
});

export const imageAction = (context: ImageContext): Action<RequestOf<'regenerate-segment-image'>> => ({
  check({ input, session }) {
    if (!session || !findSegment(session, input.segment_id)) throw segmentNotFound(input.segment_id);
  },

  async run(call) {
    const { segment_id, style, instruction } = call.input;
    const segment = findSegment(call.session!, segment_id)!;
    const signal = drawingSignal(call);
    try {
      const wish = { style, instruction, size: '1024x1024' } as const;
      const { image, previousKey } = await draw(context, call, segment, wish, signal);
      return { session_id: call.session!.session_id, image, previous_key: previousKey };
    } catch (error) {
      throw signal.aborted ? timedOut(LATE) : error;
    }
  },
});

const LATE = 'the image was not made in time; send "async": true to let it take longer';

const wanted = ({ segments }: Session, ids: readonly string[] | undefined): readonly Segment[] =>
  segments.filter(({ segment_id, image_key }) => (ids ? ids.includes(segment_id) : image_key === null));

async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function reasonOf(error: unknown, signal: AbortSignal): { code: string; message: string } {
  if (error instanceof StoryError) return { code: error.code, message: error.message };
  if (signal.aborted) return { code: 'timeout', message: LATE };
  // Ours, not the provider's: the whole request says so.
  throw error;
}

const noneMade = (failed: readonly FailedImage[]): StoryError =>
  failed.every(({ code }) => code === 'timeout')
    ? timedOut(LATE)
    : new StoryError('image_provider_error', `no image could be made: ${failed[0]!.message}`);
