/** What an HTTP server itself finds wrong with a request, before or besides what its routes do. */
import type { FastifyError } from 'fastify';

export type RequestFault = 'malformed' | 'unknown_path' | 'wrong_method' | 'too_large' | 'too_late';

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly fault: RequestFault;

  constructor(fault: RequestFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

const malformed = (message: string, cause: unknown) => new RequestError('malformed', message, cause);

/** Undefined for what is not the request's fault. */
export function toRequestError(error: unknown, bodyBytes: number): RequestError | undefined {
  if (error instanceof RequestError) return error;
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  if (statusCode === 413) {
    return new RequestError('too_large', `the body is larger than ${Math.round(bodyBytes / 1024)} KB`, error);
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return malformed('send content-type: application/json', error);
  if (code === 'FST_ERR_BAD_URL') return malformed('the path is not validly encoded', error);
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return malformed('the body is empty; JSON is expected', error);
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') {
    return malformed('the body is not as long as announced', error);
  }
  if (error instanceof SyntaxError || code === 'FST_ERR_CTP_INVALID_JSON_BODY') {
    return malformed('the body is not valid JSON', error);
  }
  return statusCode === 400 ? malformed('the request is malformed', error) : undefined;
}
