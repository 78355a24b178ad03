/** Has the image function make the pictures of a story. The story itself is safe by then: nothing here can fail it. */
import type { ActionCall } from '../common/actions';
import { errorResponse, failedImageSchema, type FailedImage, type Session } from '../common/schemas';
import { describe } from '../common/jobs';
import type { TextContext } from './context';
import * as z from 'zod/mini';

export interface WithImages {
  readonly session: Session;
  readonly failed: readonly FailedImage[];
}

/** For reading the session again and answering. */
const MARGIN_MILLISECONDS = 2_000;
const answered = z.object({ failed: z.array(failedImageSchema) });

export async function makeImages(
  { invoker, imageFunctionName, store }: TextContext,
  { principal, deadline, signal }: ActionCall<unknown>,
  story: Session,
): Promise<WithImages> {
  const limit = AbortSignal.timeout(Math.max(1, deadline.getTime() - Date.now() - MARGIN_MILLISECONDS));
  const { sub, groups } = principal;
  let problem: { code: string; message: string } | undefined;
  let failed: readonly FailedImage[] = [];
  try {
    const answer = await invoker.call(
      imageFunctionName,
      { action: 'generate-story-image', body: { session_id: story.session_id }, principal: { sub, groups } },
      AbortSignal.any([signal, limit]),
    );
    if (answer.statusCode === 200) failed = answered.parse(answer.body).failed;
    else problem = errorResponse.parse(answer.body).error;
  } catch (error) {
    // It goes on without us.
    problem = limit.aborted
      ? { code: 'timeout', message: 'still being made; read the session again later' }
      : describe(error);
  }
  const session = await store.get(story.session_id, sub);
  if (problem === undefined) return { session, failed };
  const { code, message } = problem;
  const without = session.segments.filter((segment) => segment.image_key === null);
  return { session, failed: without.map(({ segment_id }) => ({ segment_id, code, message })) };
}
