import type { TerraformStack } from 'cdktf';
import type { ImageFunction, ImageFunctionProps } from '../functions/image-function';
import { imageFunction } from '../functions/testing';
import { UserPool } from '../identity/user-pool';
import { Naming } from '../naming/naming';
import { expectPassThrough, messageOf, naming, synth, type Block } from '../testing';
import { AccountLogging, type AccountLoggingProps } from './account-logging';
import { RestApi, type RestApiProps } from './rest-api';
import type { RestRoute } from './rest-definition';

interface Parts {
  readonly text: ImageFunction;
  readonly data: ImageFunction;
  readonly userPool: UserPool;
}
type Build = (parts: Parts) => Partial<RestApiProps>;

const routesOf = ({ text, data }: Parts): RestRoute[] => [
  { method: 'POST', path: '/generate-story', function: text },
  { method: 'GET', path: '/sessions', function: data },
  { method: 'GET', path: '/sessions/{session_id}', function: data },
  { method: 'DELETE', path: '/sessions/{session_id}', function: data },
];

function build(stack: TerraformStack, props: Build, text: Partial<ImageFunctionProps> = {}): RestApi {
  const parts = {
    text: imageFunction(stack, 'text', text),
    data: imageFunction(stack, 'data'),
    userPool: new UserPool(stack, 'users', { naming, region: 'us-west-2' }),
  };
  return new RestApi(stack, 'api', {
    naming,
    stageName: 'test',
    logRetentionDays: 14,
    routes: routesOf(parts),
    authorizer: { userPool: parts.userPool },
    cors: {},
    ...props(parts),
  });
}
const api = (props: Build = () => ({}), text?: Partial<ImageFunctionProps>) =>
  synth((stack) => build(stack, props, text));
const definition = (found: ReturnType<typeof api>): Block => JSON.parse(found.only('aws_api_gateway_rest_api')['body']);

describe('api.RestApi', () => {
  it('serves each route by its function, behind the user pool', () => {
    const found = api();
    const { paths, components, info } = definition(found);
    expect(found.only('aws_api_gateway_rest_api')).toMatchObject({
      name: 'shop-test-api',
      endpoint_configuration: { types: ['REGIONAL'] },
    });
    expect(info['title']).toBe('shop-test-api');
    expect(Object.keys(paths)).toEqual(['/generate-story', '/sessions', '/sessions/{session_id}']);
    expect(paths['/generate-story']['post']).toMatchObject({
      security: [{ cognito: [] }],
      'x-amazon-apigateway-integration': {
        type: 'aws_proxy',
        httpMethod: 'POST',
        uri: 'arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/arn:aws:lambda:us-west-2:111111111111:function:shop-test-text/invocations',
        timeoutInMillis: 29_000,
      },
    });
    expect(paths['/sessions/{session_id}']['delete']['parameters']).toEqual([
      { name: 'session_id', in: 'path', required: true, schema: { type: 'string' } },
    ]);
    expect(components['securitySchemes']['cognito']).toEqual({
      type: 'apiKey',
      name: 'Authorization',
      in: 'header',
      'x-amazon-apigateway-authtype': 'cognito_user_pools',
      'x-amazon-apigateway-authorizer': {
        type: 'cognito_user_pools',
        providerARNs: [expect.stringMatching(/^\$\{aws_cognito_user_pool\.\w+\.arn\}$/)],
      },
    });
  });

  it('answers preflights itself, without a token', () => {
    const { paths } = definition(api());
    for (const path of Object.keys(paths)) {
      expect(paths[path]['options']['security']).toBeUndefined();
      expect(paths[path]['options']['x-amazon-apigateway-integration']['type']).toBe('mock');
    }
    expect(
      paths['/sessions/{session_id}']['options']['x-amazon-apigateway-integration']['responses']['default'],
    ).toEqual({
      statusCode: '204',
      responseParameters: {
        'method.response.header.Access-Control-Allow-Headers': "'Authorization,Content-Type'",
        'method.response.header.Access-Control-Allow-Methods': "'DELETE,GET,OPTIONS'",
        'method.response.header.Access-Control-Allow-Origin': "'*'",
        'method.response.header.Access-Control-Max-Age': "'3600'",
      },
    });
  });

  it("gives the API's own errors the shape of all others, readable by a page", () => {
    const responses = definition(api())['x-amazon-apigateway-gateway-responses'];
    expect(responses['UNAUTHORIZED']).toEqual({
      statusCode: 401,
      responseParameters: { 'gatewayresponse.header.Access-Control-Allow-Origin': "'*'" },
      responseTemplates: {
        'application/json':
          '{"error":{"code":"unauthorized","message":$context.error.messageString,"request_id":"$context.requestId"}}',
      },
    });
    const codes = Object.fromEntries(
      Object.entries(responses as Block).map(([type, { statusCode, responseTemplates }]) => [
        type,
        [
          statusCode,
          JSON.parse(responseTemplates['application/json'].replace('$context.error.messageString', '"why"')).error.code,
        ],
      ]),
    );
    expect(codes).toEqual({
      UNAUTHORIZED: [401, 'unauthorized'],
      ACCESS_DENIED: [403, 'forbidden'],
      MISSING_AUTHENTICATION_TOKEN: [404, 'not_found'],
      REQUEST_TOO_LARGE: [413, 'request_too_large'],
      THROTTLED: [429, 'throttled'],
      INTEGRATION_TIMEOUT: [504, 'timeout'],
      DEFAULT_4XX: [undefined, 'bad_request'],
      DEFAULT_5XX: [undefined, 'internal'],
    });
  });

  it('has neither preflights nor headers without CORS, and no authorizer when all routes are open', () => {
    const open = definition(
      api((parts) => ({
        cors: undefined,
        authorizer: undefined,
        routes: routesOf(parts).map((route) => ({ ...route, authorizer: 'none' as const })),
      })),
    );
    expect(open['components']).toBeUndefined();
    expect(Object.keys(open['paths']['/sessions'])).toEqual(['get']);
    expect(open['paths']['/sessions']['get']['security']).toBeUndefined();
    expect(JSON.stringify(open)).not.toContain('Access-Control');
    const mixed = definition(
      api((parts) => ({
        routes: [...routesOf(parts), { method: 'GET', path: '/open', function: parts.data, authorizer: 'none' }],
      })),
    );
    expect(mixed['paths']['/open']['get']['security']).toBeUndefined();
    expect(mixed['paths']['/sessions']['get']['security']).toEqual([{ cognito: [] }]);
  });

  it('may call each function, and only this API may', () => {
    const permissions = api().all('aws_lambda_permission');
    expect(permissions).toHaveLength(2);
    for (const permission of permissions) {
      expect(permission).toMatchObject({
        statement_id: 'AllowInvokeFrom-api',
        action: 'lambda:InvokeFunction',
        principal: 'apigateway.amazonaws.com',
        source_arn: expect.stringMatching(/^\$\{aws_api_gateway_rest_api\.\w+\.execution_arn\}\/\*\/\*$/),
        function_name: expect.stringMatching(/^\$\{aws_lambda_function\.(text|data)_\w+\.function_name\}$/),
      });
    }
  });

  it('has one stage with an access log, which waits until the functions may be called', () => {
    const found = api();
    const stage = found.only('aws_api_gateway_stage');
    expect(stage['stage_name']).toBe('test');
    expect(stage['deployment_id']).toMatch(/^\$\{aws_api_gateway_deployment\.\w+\.id\}$/);
    expect(JSON.parse(stage['access_log_settings'].format)).toMatchObject({ requestId: '$context.requestId' });
    expect(stage['depends_on']).toEqual([
      expect.stringMatching(/^aws_lambda_permission\./),
      expect.stringMatching(/^aws_lambda_permission\./),
    ]);
    expect(found.all('aws_cloudwatch_log_group').map((group) => group['name'])).toContain(
      '/aws/apigateway/shop-test-api',
    );
    expect(found.all('aws_api_gateway_method_settings')).toEqual([]);
  });

  it('limits the stage and single routes', () => {
    const settings = api((parts) => ({
      throttling: { rateLimit: 10, burstLimit: 20 },
      routes: routesOf(parts).map((route) =>
        route.method === 'DELETE' ? { ...route, throttling: { rateLimit: 0.5, burstLimit: 1 } } : route,
      ),
    })).all('aws_api_gateway_method_settings');
    const limits = Object.fromEntries(settings.map((setting) => [setting['method_path'], setting['settings']]));
    expect(settings).toHaveLength(2);
    expect(limits).toEqual({
      '*/*': { throttling_rate_limit: 10, throttling_burst_limit: 20 },
      '~1sessions~1{session_id}/DELETE': { throttling_rate_limit: 0.5, throttling_burst_limit: 1 },
    });
  });

  it('sets the account up only where told', () => {
    expect(api().all('aws_api_gateway_account')).toEqual([]);
    const found = synth((stack) => {
      const accountLogging = new AccountLogging(stack, 'logging', { naming });
      build(stack, () => ({ accountLogging }));
    });
    expect(found.only('aws_api_gateway_account')['cloudwatch_role_arn']).toMatch(/^\$\{aws_iam_role\.logging_Role/);
    expect(found.only('aws_api_gateway_stage')['depends_on']).toContainEqual(
      expect.stringMatching(/^aws_api_gateway_account\.logging_\w+$/),
    );
    const role = found.all('aws_iam_role').find((each) => each['name'] === 'shop-test-api-logging');
    expect(JSON.parse(role?.['assume_role_policy']).Statement).toEqual([
      { Effect: 'Allow', Principal: { Service: 'apigateway.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ]);
    expectPassThrough<AccountLoggingProps>(
      { naming },
      { naming: new Naming({ project: 'other', environment: 'test' }), part: 'x' },
      (stack, props) => {
        new AccountLogging(stack, 'logging', props);
      },
    );
  });

  it('reports every problem at once', () => {
    expect(
      messageOf(() =>
        api(({ text }) => ({
          stageName: 'a b',
          timeoutMilliseconds: 29_001,
          throttling: { rateLimit: 0, burstLimit: 0 },
          authorizer: undefined,
          cors: { allowOrigin: 'https://a.example/x', allowHeaders: ['a b'], maxAgeSeconds: -1 },
          routes: [
            { method: 'OPTIONS' as 'GET', path: 'sessions', function: text },
            { method: 'GET', path: '/a/{x}', function: text },
            { method: 'GET', path: '/a/{x}', function: text },
            { method: 'GET', path: '/a/{y}/b', function: text, throttling: { rateLimit: 1, burstLimit: 0 } },
          ],
        })),
      ),
    ).toBe(
      [
        'api.RestApi at test/api: 13 problems',
        '- stageName is "a b"; allowed: 1 to 128 letters, digits, - and _',
        '- timeoutMilliseconds is 29001; allowed: a whole number from 50 to 29000 milliseconds',
        '- throttling.rateLimit is 0; allowed: more than 0',
        '- throttling.burstLimit is 0; allowed: a whole number from 1 to 2147483647 requests',
        '- routes.method is "OPTIONS"; allowed: GET, POST, PUT, PATCH, DELETE, HEAD',
        '- routes.path is "sessions"; allowed: a path such as /sessions/{session_id}',
        '- routes "GET /a/{y}/b" throttling.burstLimit is 0; allowed: a whole number from 1 to 2147483647 requests',
        '- routes has GET /a/{x} twice; allowed: each method of a path once',
        '- routes has {x} and {y} in one place; allowed: one name for a variable of a path',
        '- authorizer is missing; allowed: a user pool, or authorizer "none" on every route',
        '- cors.allowOrigin is "https://a.example/x"; allowed: an origin such as https://example.com, or *',
        '- cors.allowHeaders is "a b"; allowed: a header',
        '- cors.maxAgeSeconds is -1; allowed: a whole number from 0 to 86400 seconds',
      ].join('\n'),
    );
    expect(messageOf(() => api(() => ({ routes: [] })))).toContain('routes is empty; allowed: one route or more');
    for (const path of ['//a', '/a/', '/{proxy+}/a', '/a b', '']) {
      expect(messageOf(() => api(({ text }) => ({ routes: [{ method: 'GET', path, function: text }] })))).toContain(
        `routes.path is ${JSON.stringify(path)};`,
      );
    }
    for (const path of ['/', '/{proxy+}', '/a/{b}/c.json']) {
      expect(() => api(({ text }) => ({ routes: [{ method: 'GET', path, function: text }] }))).not.toThrow();
    }
  });

  it('passes every prop on', () => {
    expectPassThrough<{ [Name in keyof RestApiProps as Exclude<Name, 'routes' | 'authorizer'>]: RestApiProps[Name] }>(
      { naming, stageName: 'test', logRetentionDays: 14 },
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        stageName: 'dev',
        logRetentionDays: 30,
        cors: { allowOrigin: 'https://a.example' },
        part: 'rest',
        timeoutMilliseconds: 50,
        throttling: { rateLimit: 1, burstLimit: 1 },
        accountLogging: (stack) => new AccountLogging(stack, 'logging', { naming }),
      },
      (stack, props) => build(stack, () => ({ cors: undefined, ...props })),
    );
  });
});

describe('deploying again', () => {
  /** What the trigger hashes: the body as it is written. */
  const body = (props?: Build, text?: Partial<ImageFunctionProps>): string =>
    api(props, text).only('aws_api_gateway_rest_api')['body'] as string;
  const original = body();

  it('hangs on the definition and on nothing else', () => {
    const found = api();
    const deployment = found.only('aws_api_gateway_deployment');
    const [address] = found.addresses.filter((each) => each.startsWith('aws_api_gateway_rest_api.'));
    expect(deployment['triggers']).toEqual({ definition: `\${sha256(${address}.body)}` });
    expect(deployment['lifecycle']).toEqual({ create_before_destroy: true });
    expect(deployment['depends_on']).toBeUndefined();
    // Of the three things that a definition refers to, only the pool is a value of Terraform's; its ARN never changes.
    expect(original.match(/\$\{[^}]+\}/g)).toEqual([expect.stringMatching(/^\$\{aws_cognito_user_pool\.\w+\.arn\}$/)]);
  });

  it.each<[string, Build]>([
    [
      'a route is added',
      (parts) => ({ routes: [...routesOf(parts), { method: 'PUT', path: '/new', function: parts.data }] }),
    ],
    ['a route is removed', (parts) => ({ routes: routesOf(parts).slice(1) })],
    [
      'a route has another method',
      (parts) => ({
        routes: routesOf(parts).map((route, i) => (i === 0 ? { ...route, method: 'PUT' as const } : route)),
      }),
    ],
    [
      'a route has another function',
      (parts) => ({ routes: routesOf(parts).map((route) => ({ ...route, function: parts.text })) }),
    ],
    [
      'a route is opened',
      (parts) => ({
        routes: routesOf(parts).map((route, i) => (i === 0 ? { ...route, authorizer: 'none' as const } : route)),
      }),
    ],
    [
      'the authorizer goes',
      (parts) => ({
        authorizer: undefined,
        routes: routesOf(parts).map((route) => ({ ...route, authorizer: 'none' as const })),
      }),
    ],
    ['the time limit changes', () => ({ timeoutMilliseconds: 28_000 })],
    ['CORS goes', () => ({ cors: undefined })],
    ['the origin changes', () => ({ cors: { allowOrigin: 'https://a.example' } })],
    ['a header is allowed', () => ({ cors: { allowHeaders: ['Authorization', 'Content-Type', 'X-Trace'] } })],
    ['preflights are kept longer', () => ({ cors: { maxAgeSeconds: 60 } })],
  ])('happens when %s', (_, props) => expect(body(props)).not.toBe(original));

  it('happens when the pool is another', () => {
    const other = synth((stack) =>
      build(stack, () => ({
        authorizer: { userPool: new UserPool(stack, 'others', { naming, region: 'us-west-2', part: 'others' }) },
      })),
    );
    expect(other.only('aws_api_gateway_rest_api')['body']).not.toBe(original);
  });

  it.each<[string, Build, Partial<ImageFunctionProps>]>([
    ['a function has more memory', () => ({}), { memoryMiB: 4096 }],
    ['a function has another image', () => ({}), { imageDigest: `sha256:${'b'.repeat(64)}` }],
    ['a function has other variables', () => ({}), { environment: { LOG_LEVEL: 'debug' } }],
    ['logs are kept longer', () => ({ logRetentionDays: 30 }), {}],
    ['the stage is throttled', () => ({ throttling: { rateLimit: 1, burstLimit: 1 } }), {}],
    [
      'a route is throttled',
      (parts) => ({
        routes: routesOf(parts).map((route) => ({ ...route, throttling: { rateLimit: 1, burstLimit: 1 } })),
      }),
      {},
    ],
    ['routes are written in another order', (parts) => ({ routes: routesOf(parts).reverse() }), {}],
  ])('does not happen when %s', (_, props, text) => expect(body(props, text)).toBe(original));

  it('leaves every address where it was when a route is added', () => {
    const more = api((parts) => ({
      routes: [...routesOf(parts), { method: 'PUT', path: '/new', function: parts.text }],
    }));
    expect(more.addresses).toEqual(api().addresses);
  });
});
