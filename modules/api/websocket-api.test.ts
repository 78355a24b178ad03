import type { TerraformStack } from 'cdktf';
import { imageFunction } from '../functions/testing';
import { Role } from '../iam/role';
import { Naming } from '../naming/naming';
import { account, expectPassThrough, messageOf, naming, skipsOf, statements, synth } from '../testing';
import { AccountLogging } from './account-logging';
import { WebSocketApi, type WebSocketApiProps } from './websocket-api';

function build(stack: TerraformStack, props: Partial<WebSocketApiProps> = {}): WebSocketApi {
  const connections = imageFunction(stack, 'connections');
  const chat = imageFunction(stack, 'chat');
  return new WebSocketApi(stack, 'api', {
    naming,
    stageName: 'test',
    routes: [
      { key: '$connect', function: connections },
      { key: '$disconnect', function: connections },
      { key: '$default', function: chat },
    ],
    logRetentionDays: 14,
    ...props,
  });
}
const api = (props: Partial<WebSocketApiProps> = {}) => synth((stack) => void build(stack, props));
const gate = (stack: TerraformStack) => ({
  function: imageFunction(stack, 'gate'),
  identitySources: ['route.request.querystring.token'],
});

describe('api.WebSocketApi', () => {
  it('is a WebSocket API that picks routes by a field of the frame', () => {
    expect(api().only('aws_apigatewayv2_api')).toMatchObject({
      name: 'shop-test-ws',
      protocol_type: 'WEBSOCKET',
      route_selection_expression: '$request.body.action',
    });
    expect(
      api({ routeSelectionExpression: '$request.body.type' }).only('aws_apigatewayv2_api')[
        'route_selection_expression'
      ],
    ).toBe('$request.body.type');
  });

  it('sends each route to its function, by one integration and one permission for each function', () => {
    const found = api();
    const integrations = found.json['resource'].aws_apigatewayv2_integration as Record<string, object>;
    const [chat, connections] = Object.keys(integrations);
    expect(Object.values(integrations)).toEqual(
      ['chat', 'connections'].map((name) =>
        expect.objectContaining({
          integration_type: 'AWS_PROXY',
          integration_method: 'POST',
          integration_uri: expect.stringMatching(
            new RegExp(`^\\$\\{aws_lambda_function\\.${name}_\\w+\\.invoke_arn\\}$`),
          ),
          timeout_milliseconds: 29000,
        }),
      ),
    );
    expect(found.all('aws_apigatewayv2_route').map((route) => [route['route_key'], route['target']])).toEqual([
      ['$connect', `integrations/\${aws_apigatewayv2_integration.${connections}.id}`],
      ['$default', `integrations/\${aws_apigatewayv2_integration.${chat}.id}`],
      ['$disconnect', `integrations/\${aws_apigatewayv2_integration.${connections}.id}`],
    ]);
    const permissions = found.all('aws_lambda_permission');
    expect(permissions).toHaveLength(2);
    expect(permissions[0]).toMatchObject({
      statement_id: 'AllowInvokeFrom-ws',
      principal: 'apigateway.amazonaws.com',
      source_arn: expect.stringMatching(/^\$\{aws_apigatewayv2_api\.\w+\.execution_arn\}\/test\/\*$/),
    });
  });

  it('deploys its stage by itself, after routes and permissions, and logs connections and frames as JSON', () => {
    const found = api();
    const stage = found.only('aws_apigatewayv2_stage');
    expect(stage).toMatchObject({ name: 'test', auto_deploy: true });
    expect(JSON.parse(stage['access_log_settings'].format)).toEqual({
      requestId: '$context.requestId',
      time: '$context.requestTime',
      sourceIp: '$context.identity.sourceIp',
      connectionId: '$context.connectionId',
      eventType: '$context.eventType',
      routeKey: '$context.routeKey',
      status: '$context.status',
      integrationLatency: '$context.integrationLatency',
      integrationError: '$context.integrationErrorMessage',
    });
    expect(stage['depends_on']).toHaveLength(5);
    expect(found.all('aws_cloudwatch_log_group')).toContainEqual(
      expect.objectContaining({ name: '/aws/apigateway/shop-test-ws', retention_in_days: 14 }),
    );
    const owner = synth((stack) =>
      build(stack, { accountLogging: new AccountLogging(stack, 'logging', { naming }) }),
    ).only('aws_apigatewayv2_stage');
    expect(owner['depends_on']).toContainEqual(expect.stringMatching(/^aws_api_gateway_account\./));
  });

  it('leaves limits out unless it has some: zero would block everything', () => {
    expect(api().only('aws_apigatewayv2_stage')['default_route_settings']).toBeUndefined();
    expect(
      api({ throttling: { rateLimit: 50, burstLimit: 100 } }).only('aws_apigatewayv2_stage')['default_route_settings'],
    ).toEqual({ throttling_rate_limit: 50, throttling_burst_limit: 100 });
  });

  it('asks an authorizer about connections, and about nothing else', () => {
    const found = synth((stack) => build(stack, { authorizer: gate(stack) }));
    expect(found.only('aws_apigatewayv2_authorizer')).toMatchObject({
      name: 'shop-test-ws',
      authorizer_type: 'REQUEST',
      authorizer_uri: expect.stringMatching(/^\$\{aws_lambda_function\.gate_\w+\.invoke_arn\}$/),
      identity_sources: ['route.request.querystring.token'],
    });
    expect(found.all('aws_apigatewayv2_route').map((route) => route['authorization_type'])).toEqual([
      'CUSTOM',
      'NONE',
      'NONE',
    ]);
    expect(found.all('aws_apigatewayv2_route')[0]?.['authorizer_id']).toMatch(/^\$\{aws_apigatewayv2_authorizer\./);
    expect(found.all('aws_lambda_permission')).toContainEqual(
      expect.objectContaining({
        statement_id: 'AllowAuthorizeFrom-ws',
        source_arn: expect.stringMatching(/\.execution_arn\}\/authorizers\/\*$/),
      }),
    );
  });

  it('has addresses for callers and for functions that wait for neither routes nor stage, and grants the latter', () => {
    const found = synth((stack) => {
      const made = build(stack);
      const role = new Role(stack, 'poster', {
        naming,
        part: 'poster',
        service: 'lambda.amazonaws.com',
        account,
        description: `${made.id} ${made.endpoint} ${made.managementUrl}`,
      });
      made.grantManageConnections(role);
    });
    const roles = found.all('aws_iam_role');
    expect(roles.find(({ name }) => name === 'shop-test-poster')?.['description']).toMatch(
      /^\$\{(aws_apigatewayv2_api\.\w+)\.id\} \$\{\1\.api_endpoint\}\/test \$\{replace\(\1\.api_endpoint, "wss:\/\/", "https:\/\/"\)\}\/test$/,
    );
    const policy = found.all('aws_iam_role_policy').find(({ name }) => name === 'shop-test-poster');
    expect(statements(policy?.['policy'] as string)).toMatchObject([
      {
        Sid: 'ManageConnections',
        Action: ['execute-api:ManageConnections'],
        Resource: [expect.stringMatching(/\.execution_arn\}\/test\/\*\/@connections\/\*$/)],
      },
    ]);
  });

  it('gives a route of its own to a key that differs from another by its sign alone', () => {
    const found = synth((stack) => {
      const served = imageFunction(stack);
      build(stack, { routes: ['$default', 'default'].map((key) => ({ key, function: served })) });
    });
    expect(found.all('aws_apigatewayv2_route')).toHaveLength(2);
  });

  it('reports every problem at once', () => {
    const bad = (stack: TerraformStack) => {
      const served = imageFunction(stack);
      return build(stack, {
        stageName: 'a b',
        routeSelectionExpression: 'body.type',
        timeoutMilliseconds: 29_001,
        throttling: { rateLimit: 0, burstLimit: 0 },
        routes: ['x', 'x', '$other'].map((key) => ({ key, function: served })),
        authorizer: { function: served, identitySources: [] },
      });
    };
    expect(messageOf(() => synth((stack) => void bad(stack)))).toBe(
      [
        'api.WebSocketApi at test/api: 9 problems',
        '- stageName is "a b"; allowed: 1 to 128 letters, digits, - and _',
        '- routeSelectionExpression is "body.type"; allowed: a field such as $request.body.action',
        '- timeoutMilliseconds is 29001; allowed: a whole number from 50 to 29000 milliseconds',
        '- throttling.rateLimit is 0; allowed: more than 0',
        '- throttling.burstLimit is 0; allowed: a whole number from 1 to 2147483647 requests',
        '- routes.key is "$other"; allowed: a key, or $connect, $disconnect, $default',
        '- routes has x twice; allowed: each key once',
        '- authorizer.identitySources is empty; allowed: one or more, as without one nobody gets to the authorizer',
        '- authorizer has no route $connect; allowed: one, as that is the route it decides about',
      ].join('\n'),
    );
    expect(messageOf(() => api({ routes: [] }))).toBe(
      'api.WebSocketApi at test/api: 1 problem\n- routes is empty; allowed: one route or more, as API Gateway deploys no empty API',
    );
    expect(() => api({ timeoutMilliseconds: 50, routeSelectionExpression: '${request.body.a.b}' })).not.toThrow();
  });

  it('accepts that callers show no certificate, and that routes behind $connect have no authorizer', () => {
    const accepted = skipsOf((stack) => void build(stack, { authorizer: gate(stack) }));
    expect(accepted).toEqual(expect.arrayContaining(['CKV2_AWS_51', 'CKV_AWS_309']));
    const alone = skipsOf((stack) => {
      const routes = [{ key: '$connect', function: imageFunction(stack) }];
      build(stack, { routes, authorizer: gate(stack) });
    });
    expect(alone).not.toContain('CKV_AWS_309');
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<WebSocketApiProps, 'routes'>>(
      { naming, stageName: 'test', logRetentionDays: 14 },
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        stageName: 'live',
        logRetentionDays: 30,
        routeSelectionExpression: '$request.body.type',
        part: 'chat',
        timeoutMilliseconds: 10_000,
        throttling: { rateLimit: 1, burstLimit: 2 },
        authorizer: gate,
        accountLogging: (stack) => new AccountLogging(stack, 'logging', { naming }),
      },
      (stack, props) => void build(stack, props),
    );
  });
});
