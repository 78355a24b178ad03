/** What an error of an AWS call means for us, by its name: the SDK's classes differ between services, their names do not. */

const throttlingNames = new Set([
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'ServiceQuotaExceededException',
]);

const transientNames = new Set([
  'InternalServerException',
  'InternalServerError',
  'InternalServiceError',
  'ServiceUnavailableException',
  'ServiceUnavailable',
  'ModelNotReadyException',
  'ModelTimeoutException',
  'TimeoutError',
]);

const networkCodes = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);

interface AwsFault {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export const faultName = (error: unknown): string => {
  const { name } = (error ?? {}) as AwsFault;
  return typeof name === 'string' ? name : 'UnknownError';
};

export const isThrottling = (error: unknown): boolean =>
  throttlingNames.has(faultName(error)) || ((error ?? {}) as AwsFault).$metadata?.httpStatusCode === 429;

export const isTransient = (error: unknown): boolean => {
  const { code, $metadata } = (error ?? {}) as AwsFault;
  const status = $metadata?.httpStatusCode;
  return (
    transientNames.has(faultName(error)) ||
    (typeof code === 'string' && networkCodes.has(code)) ||
    (status !== undefined && status >= 500)
  );
};
