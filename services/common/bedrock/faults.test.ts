import { faultName, isThrottling, isTransient } from './faults';

test.each<[string, unknown, boolean, boolean]>([
  ['throttled by name', { name: 'ThrottlingException' }, true, false],
  ['a table over its throughput', { name: 'ProvisionedThroughputExceededException' }, true, false],
  ['HTTP 429 of whatever name', { name: 'Odd', $metadata: { httpStatusCode: 429 } }, true, false],
  ['a server fault of whatever name', { name: 'Odd', $metadata: { httpStatusCode: 503 } }, false, true],
  ['a socket hung up, as the SDK names it', { name: 'TimeoutError', code: 'ECONNRESET' }, false, true],
  ['a refused connection', { name: 'Error', code: 'ECONNREFUSED' }, false, true],
  ['no right to it', { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } }, false, false],
  ['nothing', undefined, false, false],
  ['a text', 'oops', false, false],
])('%s', (_what, error, throttling, transient) => {
  expect(isThrottling(error)).toBe(throttling);
  expect(isTransient(error)).toBe(transient);
});

test('a fault without a name has one too', () => {
  expect(faultName(null)).toBe('UnknownError');
  expect(faultName({ name: 5 })).toBe('UnknownError');
});
