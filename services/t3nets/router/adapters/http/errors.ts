/** The one shape of every error answer, and which of the core's errors becomes which. */
import { RequestError, type RequestFault } from '../../../../common/http-server/errors';
import type { ErrorAnswer } from '../../../../common/http-server/app';
import { ModelError, ThrottledError } from '../../../../common/bedrock/errors';
import { ExistsError, ForbiddenError, InvalidIdError, NotFoundError } from '../../agent/errors';

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
] as const;

const byFault: Readonly<Record<RequestFault, ErrorCode>> = {
  malformed: 'invalid_request',
  unknown_path: 'not_found',
  wrong_method: 'method_not_allowed',
  too_large: 'too_large',
  too_late: 'timeout',
};

/** What the client is told; the log keeps the original. Our own bugs are `internal` and say nothing more. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof RequestError) return new HttpError(byFault[error.fault], error.message, error);
  for (const [type, code] of byClass) if (error instanceof type) return new HttpError(code, error.message, error);
  return new HttpError('internal', 'something went wrong on our side', error);
}

export function errorAnswer(error: unknown, requestId: string): ErrorAnswer {
  const { status, code, message } = toHttpError(error);
  return { status, code, body: { error: { code, message, request_id: requestId } } };
}
