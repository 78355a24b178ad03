/** The one shape of every error answer. Messages reach the caller: no secrets, no ARNs, no story text. */

export const errorStatuses = {
  validation_error: 400,
  forbidden: 403,
  session_not_found: 404,
  segment_not_found: 404,
  conflict: 409,
  throttled: 429,
  internal: 500,
  model_error: 502,
  image_provider_error: 502,
  tts_error: 502,
  timeout: 504,
} as const;

export type ErrorCode = keyof typeof errorStatuses;

/** One thing wrong with a request: where, and what. Values are not repeated. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

export class StoryError extends Error {
  override readonly name: string = 'StoryError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldProblem[] | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; fields?: readonly FieldProblem[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields;
  }

  get status(): number {
    return errorStatuses[this.code];
  }
}

export const validationError = (fields: readonly FieldProblem[]) =>
  new StoryError('validation_error', fields.map(({ field, message }) => `${field}: ${message}`).join('; '), { fields });
export const invalid = (field: string, message: string) => validationError([{ field, message }]);
export const forbidden = (message: string) => new StoryError('forbidden', message);
export const sessionNotFound = (sessionId: string) =>
  new StoryError('session_not_found', `there is no session ${sessionId}`);
export const segmentNotFound = (segmentId: string) =>
  new StoryError('segment_not_found', `the session has no segment ${segmentId}`);
export const conflict = (message: string, cause?: unknown) => new StoryError('conflict', message, { cause });
export const timedOut = (message: string) => new StoryError('timeout', message);
export const internal = (cause: unknown) => new StoryError('internal', 'something went wrong on our side', { cause });

export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly request_id: string;
    readonly fields?: readonly FieldProblem[];
  };
}

export const errorBody = ({ code, message, fields }: StoryError, requestId: string): ErrorBody => ({
  error: { code, message, request_id: requestId, ...(fields && { fields }) },
});
