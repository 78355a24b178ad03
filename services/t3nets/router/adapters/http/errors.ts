/** The one shape of every error answer, and which of the core's errors becomes which. */
import type { FastifyError } from 'fastify';
import {
  DeadlineError,
  ExistsError,
  ForbiddenError,
  InvalidIdError,
  ModelError,
  NotFoundError,
  ThrottledError,
} from '../../agent/errors';

const statuses = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  exists: 409,
  too_large: 413,
  throttled: 429,
  internal: 500,
  model_error: 502,
  timeout: 504,
} as const;

export type ErrorCode = keyof typeof statuses;

export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  get status(): number {
    return statuses[this.code];
  }
}

export const invalidRequest = (message: string) => new HttpError('invalid_request', message);
export const unauthorized = (message: string) => new HttpError('unauthorized', message);
export const notFound = (message: string) => new HttpError('not_found', message);

const byClass = [
  [InvalidIdError, 'invalid_request'],
  [ForbiddenError, 'forbidden'],
  [NotFoundError, 'not_found'],
  [ExistsError, 'exists'],
  [ThrottledError, 'throttled'],
  [ModelError, 'model_error'],
  [DeadlineError, 'timeout'],
] as const;

/** What the client is told; the log keeps the original. Our own bugs are `internal` and say nothing more. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  for (const [type, code] of byClass) if (error instanceof type) return new HttpError(code, error.message, error);
  const { code, statusCode } = error as Partial<FastifyError>;
  if (statusCode === 413) return new HttpError('too_large', 'the body is larger than 256 KB', error);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return invalidRequest('send content-type: application/json');
  if (code === 'FST_ERR_BAD_URL') return invalidRequest('the path is not validly encoded');
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return invalidRequest('the body is empty; JSON is expected');
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') return invalidRequest('the body is not as long as announced');
  if (error instanceof SyntaxError || code === 'FST_ERR_CTP_INVALID_JSON_BODY')
    return invalidRequest('the body is not valid JSON');
  if (statusCode === 400) return invalidRequest('the request is malformed');
  return new HttpError('internal', 'something went wrong on our side', error);
}

export const errorBody = (error: HttpError, requestId: string) => ({
  error: { code: error.code, message: error.message, request_id: requestId },
});
