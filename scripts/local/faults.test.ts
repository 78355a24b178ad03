import { Faults, faultRule } from './faults';

const put = { service: 'dynamodb', operation: 'PutItem', protocol: 'json' } as const;
const describeVpcs = { service: 'ec2', operation: 'DescribeVpcs', protocol: 'query' } as const;

test('a rule applies to its service and operation only', () => {
  const faults = new Faults();
  faults.set([{ service: 'dynamodb', operation: 'PutItem', kind: 'throttle' }]);
  expect(faults.next(describeVpcs)).toBeUndefined();
  expect(faults.next({ ...put, operation: 'GetItem' })).toBeUndefined();
  expect(faults.next(put)?.answer).toMatchObject({ status: 400 });
});

test('nth hits one call, times hits so many', () => {
  const faults = new Faults();
  faults.set([{ kind: 'error', nth: 2 }]);
  expect([put, put, put].map((call) => faults.next(call) !== undefined)).toEqual([false, true, false]);
  faults.set([{ kind: 'error', times: 2 }]);
  expect([put, put, put].map((call) => faults.next(call) !== undefined)).toEqual([true, true, false]);
  expect(faults.list()).toEqual([{ kind: 'error', times: 2, matched: 3, applied: 2 }]);
});

test('rate is a share of the calls', () => {
  const draws = [0.1, 0.9, 0.29, 0.3];
  const faults = new Faults(() => draws.shift() ?? 1);
  faults.set([{ kind: 'throttle', rate: 0.3 }]);
  expect([1, 2, 3, 4].map(() => faults.next(put) !== undefined)).toEqual([true, false, true, false]);
});

test('every protocol gets an error of its own shape', () => {
  const faults = new Faults();
  faults.set([{ kind: 'throttle' }]);
  const of = (service: string, protocol: 'json' | 'query' | 'rest-json' | 'rest-xml') =>
    faults.next({ service, operation: 'X', protocol })?.answer;
  expect(JSON.parse(of('dynamodb', 'json')?.body ?? '')).toMatchObject({
    __type: 'ProvisionedThroughputExceededException',
  });
  expect(of('ec2', 'query')).toMatchObject({
    status: 503,
    body: expect.stringContaining('<Response><Errors><Error><Code>RequestLimitExceeded'),
  });
  expect(of('iam', 'query')).toMatchObject({
    status: 400,
    body: expect.stringContaining('<ErrorResponse><Error><Type>Sender</Type><Code>Throttling<'),
  });
  expect(of('s3', 'rest-xml')).toMatchObject({ status: 503, body: expect.stringContaining('<Code>SlowDown</Code>') });
  expect(of('bedrock', 'rest-json')).toMatchObject({
    status: 429,
    headers: { 'x-amzn-errortype': 'ThrottlingException' },
  });
});

test('drop and delay need no answer', () => {
  const faults = new Faults();
  faults.set([{ kind: 'drop', delayMs: 5 }]);
  expect(faults.next(put)).toMatchObject({ drop: true, delayMs: 5, answer: undefined });
});

test('rules are checked', () => {
  expect(faultRule.safeParse({ kind: 'explode' }).success).toBe(false);
  expect(faultRule.safeParse({ kind: 'delay' }).success).toBe(false);
  expect(faultRule.safeParse({ kind: 'error', rate: 2 }).success).toBe(false);
  expect(faultRule.safeParse({ kind: 'error', status: 404 }).success).toBe(false);
  expect(faultRule.safeParse({ kind: 'delay', delayMs: 10, service: 's3' }).success).toBe(true);
});
