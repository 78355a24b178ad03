import { localisePolicy, localiser, tableFor, type AddressTable } from './addresses';

const table: AddressTable = {
  gateway: 'http://127.0.0.1:4501',
  endpoints: [
    { kind: 'rest', id: 'abc123', url: 'http://127.0.0.1:4510', host: 'abc123.execute-api.localhost' },
    { kind: 'alb', id: 'web', url: 'http://127.0.0.1:4511', host: 'web-1.us-west-2.elb.amazonaws.com' },
    { kind: 'cdn', id: 'E1', url: 'http://127.0.0.1:4512', host: 'd1.cloudfront.net', aliases: ['story.example.com'] },
  ],
};
const localise = localiser(table);

test.each([
  ['https://abc123.execute-api.us-west-2.amazonaws.com/dev', 'http://127.0.0.1:4510/dev'],
  ['https://abc123.execute-api.us-west-2.amazonaws.com', 'http://127.0.0.1:4510'],
  ['wss://abc123.execute-api.us-west-2.amazonaws.com/live', 'ws://127.0.0.1:4510/live'],
  ['http://web-1.us-west-2.elb.amazonaws.com:80/health', 'http://127.0.0.1:4511/health'],
  ['web-1.us-west-2.elb.amazonaws.com', 'http://127.0.0.1:4511'],
  ['d1.cloudfront.net', 'http://127.0.0.1:4512'],
  ['https://story.example.com/agent?x=1', 'http://127.0.0.1:4512/agent?x=1'],
  ['https://cognito-idp.us-west-2.amazonaws.com', 'http://127.0.0.1:4501'],
  [
    'https://cognito-idp.us-west-2.amazonaws.com/us-west-2_a/.well-known/jwks.json',
    'http://127.0.0.1:4501/us-west-2_a/.well-known/jwks.json',
  ],
  ['https://images.s3.us-west-2.amazonaws.com/a/b.png?x=1', 'http://127.0.0.1:4501/images/a/b.png?x=1'],
  ['https://s3.us-west-2.amazonaws.com', 'http://127.0.0.1:4501'],
  [
    '{"api":"https://abc123.execute-api.us-west-2.amazonaws.com/dev","n":1}',
    '{"api":"http://127.0.0.1:4510/dev","n":1}',
  ],
])('%s is %s here', (value, local) => {
  expect(localise(value)).toBe(local);
});

test.each([
  'https://cognito-idp.us-west-2.amazonaws.com/us-west-2_a',
  'https://other.execute-api.us-west-2.amazonaws.com/dev',
  'https://d1.cloudfront.net.example.com',
  'http://web-1.us-west-2.elb.amazonaws.com:8080/',
  'https://bedrock-runtime.us-west-2.amazonaws.com',
  '111111111111.dkr.ecr.us-west-2.amazonaws.com/story-42-west-lambda-dev',
  'plain text',
  '',
])('%s stays what it is', (value) => {
  expect(localise(value)).toBe(value);
});

test('a container reaches the same things by the address of this machine', () => {
  const inside = localiser(tableFor('10.88.0.1', table));
  expect(inside('https://abc123.execute-api.us-west-2.amazonaws.com/dev')).toBe('http://10.88.0.1:4510/dev');
  expect(inside('https://s3.us-west-2.amazonaws.com')).toBe('http://10.88.0.1:4501');
});

describe('a content security policy', () => {
  it('allows the local addresses of what it names, and keeps the rest', () => {
    const policy = [
      "default-src 'self'",
      "connect-src 'self' https://*.execute-api.us-west-2.amazonaws.com https://cognito-idp.us-west-2.amazonaws.com",
      "img-src 'self' data: https://*.s3.us-west-2.amazonaws.com",
      "script-src 'self' https://cdn.example.com https://*.example.com",
      'upgrade-insecure-requests',
    ].join('; ');
    expect(localisePolicy(policy, table).split('; ')).toEqual([
      "default-src 'self'",
      "connect-src 'self' http://127.0.0.1:4510 http://127.0.0.1:4501",
      "img-src 'self' data: http://127.0.0.1:4501",
      "script-src 'self' https://cdn.example.com https://*.example.com",
    ]);
  });

  it('takes wildcards over several services, and each address once', () => {
    expect(localisePolicy('connect-src https://*.amazonaws.com https://*.elb.amazonaws.com;', table)).toBe(
      'connect-src http://127.0.0.1:4501 http://127.0.0.1:4510 http://127.0.0.1:4511',
    );
    expect(localisePolicy('connect-src https://*.cloudfront.net', table)).toBe('connect-src http://127.0.0.1:4512');
  });
});
