/** Everything that can go wrong, said so that the reader knows what happened and what to do. */

export interface ProblemParts {
  readonly title: string;
  /** What the service said, if it adds something. */
  readonly detail?: string;
  readonly advice: string;
  /** @default 'page' */
  readonly code?: string;
  /** @default 0 - there was no answer */
  readonly status?: number;
  readonly requestId?: string;
  /** By path of the input. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Trying the same again may help. @default false */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly detail: string | undefined;
  readonly advice: string;
  readonly code: string;
  readonly status: number;
  readonly requestId: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly retryable: boolean;

  constructor(parts: ProblemParts) {
    super(parts.title, { cause: parts.cause });
    this.detail = parts.detail;
    this.advice = parts.advice;
    this.code = parts.code ?? 'page';
    this.status = parts.status ?? 0;
    this.requestId = parts.requestId;
    this.fields = parts.fields ?? {};
    this.retryable = parts.retryable ?? false;
  }
}

type Saying = Pick<ProblemParts, 'title' | 'advice' | 'retryable'>;

const sayings: Readonly<Record<string, Saying>> = {
  validation_error: { title: 'Something in the form is not right.', advice: 'Correct it and send it again.' },
  forbidden: {
    title: 'You may not do this.',
    advice: 'Your account needs the group “author” or “admin”; ask the administrator to add you, then sign in again.',
  },
  session_not_found: {
    title: 'This story does not exist.',
    advice: 'It was deleted, or it belongs to somebody else. Go back to your shelf.',
  },
  segment_not_found: {
    title: 'This part of the story does not exist any more.',
    advice: 'Load the story again to see its present parts.',
  },
  conflict: {
    title: 'The story is being changed elsewhere.',
    advice: 'Wait until that is done, then load the story again.',
    retryable: true,
  },
  throttled: {
    title: 'The service is very busy.',
    advice: 'Nothing is lost. Wait half a minute, then try again.',
    retryable: true,
  },
  model_error: {
    title: 'The writer gave no usable answer.',
    advice: 'Try again; if it happens again, describe the topic in other words.',
    retryable: true,
  },
  image_provider_error: {
    title: 'The picture could not be made.',
    advice: 'Try again, or describe the picture in other words.',
    retryable: true,
  },
  tts_error: { title: 'The reading voice did not answer.', advice: 'Try again in a minute.', retryable: true },
  timeout: {
    title: 'It took too long.',
    advice: 'Try again, with fewer parts or fewer words if it happens again.',
    retryable: true,
  },
  internal: {
    title: 'Something failed on our side.',
    advice: 'Try again. If it keeps failing, give the request number to the administrator.',
    retryable: true,
  },
};

const byStatus: Readonly<Record<number, string>> = {
  400: 'validation_error',
  403: 'forbidden',
  404: 'session_not_found',
  409: 'conflict',
  429: 'throttled',
  502: 'model_error',
  503: 'throttled',
  504: 'timeout',
};

export interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly request_id?: string;
  readonly fields?: readonly { readonly field: string; readonly message: string }[];
}

/** From the error of an answer, or of a job that ended without success. */
export function problemOf(error: ErrorBody, status = 0, requestId?: string): Problem {
  const code = error.code ?? byStatus[status] ?? 'internal';
  return new Problem({
    ...(sayings[code] ?? sayings['internal']!),
    code,
    status,
    detail: error.message,
    requestId: error.request_id ?? requestId,
    fields: fieldsOf(error.fields),
  });
}

/** An answer that is not a success. The gateway's own answers have `message` instead of `error`. */
export async function problemOfResponse(response: Response): Promise<Problem> {
  const requestId = response.headers.get('x-amzn-requestid') ?? undefined;
  let body: { error?: ErrorBody; message?: string } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // Not JSON, so nothing to add to what the status says.
  }
  return problemOf(body.error ?? { message: body.message }, response.status, requestId);
}

export function unreachable(cause: unknown): Problem {
  return new Problem({
    title: 'The service cannot be reached.',
    advice: 'Check your connection, then try again. What you typed is still here.',
    code: 'unreachable',
    retryable: true,
    cause,
  });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({
    title: 'The page made a mistake.',
    detail: error instanceof Error ? error.message : String(error),
    advice: 'Reload the page. Your stories are kept.',
    cause: error,
  });
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

function fieldsOf(fields: ErrorBody['fields']): Record<string, string> {
  return Object.fromEntries((fields ?? []).map(({ field, message }) => [field, message]));
}
