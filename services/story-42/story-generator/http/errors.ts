/** Which error becomes which answer: the story API's codes, and what only a server of its own has to say. */
import { ModelError, ThrottledError } from '../../../common/bedrock/errors';
import { isThrottling } from '../../../common/bedrock/faults';
import type { ErrorAnswer } from '../../../common/http-server/app';
import { RequestError, type RequestFault } from '../../../common/http-server/errors';
import { errorBody, internal, StoryError, timedOut } from '../../common/errors';

/** 401, which the functions leave to the API in front of them. */
export class UnauthorizedError extends Error {
  override readonly name = 'UnauthorizedError';
}

export const unauthorized = (message: string, cause?: unknown) =>
  new UnauthorizedError(message, cause === undefined ? undefined : { cause });

export const signInUnavailable = (cause: unknown) =>
  new StoryError('timeout', "the user pool's keys cannot be read just now; try again", { cause });

const byFault: Readonly<Record<RequestFault, readonly [status: number, code: string]>> = {
  malformed: [400, 'validation_error'],
  unknown_path: [404, 'not_found'],
  wrong_method: [405, 'method_not_allowed'],
  too_large: [413, 'too_large'],
  too_late: [504, 'timeout'],
};

/** What the caller is told; the log keeps the original. Our own bugs are `internal` and say nothing more. */
export function errorAnswer(error: unknown, requestId: string): ErrorAnswer {
  const plain = (status: number, code: string) => ({
    status,
    code,
    body: { error: { code, message: (error as Error).message, request_id: requestId } },
  });
  if (error instanceof UnauthorizedError) return plain(401, 'unauthorized');
  if (error instanceof RequestError) return plain(...byFault[error.fault]);
  const story = toStoryError(error);
  return { status: story.status, code: story.code, body: errorBody(story, requestId) };
}

function toStoryError(error: unknown): StoryError {
  if (error instanceof StoryError) return error;
  if (error instanceof ThrottledError) return new StoryError('throttled', error.message, { cause: error });
  if (error instanceof ModelError) return new StoryError('model_error', error.message, { cause: error });
  if (isThrottling(error)) return new StoryError('throttled', 'too many requests; try again shortly', { cause: error });
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return timedOut('no answer within the time of a request');
  }
  return internal(error);
}
