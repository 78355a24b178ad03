import { errorStatuses } from '../common/errors';
import { problemOf, problemOfResponse } from './problem';

test.each(Object.entries(errorStatuses))('%s has words of its own and says what to do', (code) => {
  const problem = problemOf({ code, message: 'why' });
  expect(problem.code).toBe(code);
  expect(problem.advice).not.toBe('');
  if (code !== 'internal') expect(problem.message).not.toBe(problemOf({ code: 'internal' }).message);
});

test('an answer of the gateway itself is known by its status, and by the id in its header', async () => {
  const headers = { 'x-amzn-requestid': 'gateway-1' };
  const response = new Response('{"message":"Endpoint request timed out"}', { status: 504, headers });
  expect(await problemOfResponse(response)).toMatchObject({
    code: 'timeout',
    status: 504,
    detail: 'Endpoint request timed out',
    requestId: 'gateway-1',
    retryable: true,
  });
});

test('an answer that is not JSON still says what to do', async () => {
  expect(await problemOfResponse(new Response('<html>', { status: 502 }))).toMatchObject({ code: 'model_error' });
  expect(await problemOfResponse(new Response('', { status: 418 }))).toMatchObject({ code: 'internal', status: 418 });
});

test('fields keep their names', () => {
  const fields = [{ field: 'segment_count', message: 'must be a whole number' }];
  expect(problemOf({ code: 'validation_error', fields }, 400).fields).toEqual({
    segment_count: 'must be a whole number',
  });
});
