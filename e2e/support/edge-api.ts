/** The API of the sample at the edge: routes, Cognito authorizer, stage with access log, and the function behind it. */

export interface EdgeOptions {
  /** Port on this machine of what stands behind the load balancer. */
  readonly targetPort: number;
  readonly zipFile: string;
  /** A further route, `GET /extra`; a deployment of its own makes it live. */
  readonly extraRoute?: boolean;
  /** The route exists, but the stage keeps its deployment. @default false */
  readonly undeployed?: boolean;
  /** The bucket's policy names another distribution. @default false */
  readonly closed?: boolean;
}

export type Block = Record<string, unknown>;

export const edgeName = 'edge-west-dev';
const name = edgeName;
const corsHeaders = {
  'Access-Control-Allow-Origin': "'*'",
  'Access-Control-Allow-Headers': "'authorization,content-type'",
};

function routes({ extraRoute }: EdgeOptions): Record<string, Block> {
  const api = '${aws_api_gateway_rest_api.api.id}';
  const at = (resource: string, method: string) => ({
    rest_api_id: api,
    resource_id: `\${aws_api_gateway_resource.${resource}.id}`,
    http_method: method,
  });
  const proxied = [
    ['list', 'sessions', 'GET', true],
    ['create', 'sessions', 'POST', true],
    ['one', 'session', 'GET', true],
    ...(extraRoute ? [['extra', 'extra', 'GET', false] as const] : []),
  ] as const;
  const paths = ['sessions', 'session', ...(extraRoute ? ['extra'] : [])];
  const part = (key: string) =>
    ({ sessions: 'sessions', session: '{session_id}', extra: 'extra' })[key as 'sessions' | 'session' | 'extra'];
  return {
    aws_api_gateway_resource: Object.fromEntries(
      paths.map((key) => [
        key,
        {
          rest_api_id: api,
          parent_id:
            key === 'session'
              ? '${aws_api_gateway_resource.sessions.id}'
              : '${aws_api_gateway_rest_api.api.root_resource_id}',
          path_part: part(key),
        },
      ]),
    ),
    aws_api_gateway_method: Object.fromEntries([
      ...proxied.map(([key, resource, method, signedIn]) => [
        key,
        {
          ...at(resource, method),
          ...(signedIn
            ? { authorization: 'COGNITO_USER_POOLS', authorizer_id: '${aws_api_gateway_authorizer.cognito.id}' }
            : { authorization: 'NONE' }),
          ...(resource === 'session' ? { request_parameters: { 'method.request.path.session_id': true } } : {}),
        },
      ]),
      ['options', { ...at('sessions', 'OPTIONS'), authorization: 'NONE' }],
    ]),
    aws_api_gateway_integration: Object.fromEntries([
      ...proxied.map(([key, resource]) => [
        key,
        {
          ...at(resource, `\${aws_api_gateway_method.${key}.http_method}`),
          type: 'AWS_PROXY',
          integration_http_method: 'POST',
          uri: '${aws_lambda_function.echo.invoke_arn}',
          timeout_milliseconds: 29000,
        },
      ]),
      [
        'options',
        {
          ...at('sessions', '${aws_api_gateway_method.options.http_method}'),
          type: 'MOCK',
          request_templates: { 'application/json': '{"statusCode":204}' },
        },
      ],
    ]),
    aws_api_gateway_method_response: {
      options: {
        ...at('sessions', '${aws_api_gateway_method.options.http_method}'),
        status_code: '204',
        response_parameters: Object.fromEntries(
          ['Access-Control-Allow-Origin', 'Access-Control-Allow-Headers', 'Access-Control-Allow-Methods'].map(
            (header) => [`method.response.header.${header}`, true],
          ),
        ),
      },
    },
    aws_api_gateway_integration_response: {
      options: {
        ...at('sessions', '${aws_api_gateway_method.options.http_method}'),
        status_code: '${aws_api_gateway_method_response.options.status_code}',
        response_parameters: Object.fromEntries(
          Object.entries({ ...corsHeaders, 'Access-Control-Allow-Methods': "'GET,POST,OPTIONS'" }).map(
            ([header, value]) => [`method.response.header.${header}`, value],
          ),
        ),
        depends_on: ['aws_api_gateway_integration.options'],
      },
    },
  };
}

export function edgeApi(options: EdgeOptions): Record<string, Block> {
  const rest = '${aws_api_gateway_rest_api.api.id}';
  const gatewayHeaders = Object.fromEntries(
    Object.entries(corsHeaders).map(([header, value]) => [`gatewayresponse.header.${header}`, value]),
  );
  return {
    aws_api_gateway_rest_api: {
      api: { name: `${name}-api`, description: 'Sessions', endpoint_configuration: { types: ['REGIONAL'] } },
    },
    aws_api_gateway_authorizer: {
      cognito: {
        name: `${name}-cognito`,
        rest_api_id: rest,
        type: 'COGNITO_USER_POOLS',
        identity_source: 'method.request.header.Authorization',
        provider_arns: ['${aws_cognito_user_pool.pool.arn}'],
      },
    },
    aws_api_gateway_gateway_response: {
      unauthorized: {
        rest_api_id: rest,
        response_type: 'UNAUTHORIZED',
        status_code: '401',
        response_parameters: gatewayHeaders,
        response_templates: {
          'application/json': '{"error":{"code":"unauthorized","message":$context.error.messageString}}',
        },
      },
      client: { rest_api_id: rest, response_type: 'DEFAULT_4XX', response_parameters: gatewayHeaders },
    },
    ...routes(options),
    aws_api_gateway_deployment: {
      live: {
        rest_api_id: rest,
        triggers: { routes: options.extraRoute && !options.undeployed ? '2' : '1' },
        lifecycle: { create_before_destroy: true },
        depends_on: [
          ...['list', 'create', 'one', 'options'].map((key) => `aws_api_gateway_integration.${key}`),
          ...(options.extraRoute ? ['aws_api_gateway_integration.extra'] : []),
          'aws_api_gateway_integration_response.options',
          'aws_api_gateway_gateway_response.unauthorized',
          'aws_api_gateway_gateway_response.client',
        ],
      },
    },
    aws_api_gateway_stage: {
      dev: {
        rest_api_id: rest,
        stage_name: 'dev',
        deployment_id: '${aws_api_gateway_deployment.live.id}',
        xray_tracing_enabled: false,
        access_log_settings: {
          destination_arn: '${aws_cloudwatch_log_group.access.arn}',
          format: '{"requestId":"$context.requestId","route":"$context.resourcePath","status":"$context.status"}',
        },
        depends_on: ['aws_api_gateway_account.account'],
      },
    },
    aws_api_gateway_method_settings: {
      all: {
        rest_api_id: rest,
        stage_name: '${aws_api_gateway_stage.dev.stage_name}',
        method_path: '*/*',
        settings: { metrics_enabled: true, throttling_rate_limit: 500, throttling_burst_limit: 1000 },
      },
    },
    aws_api_gateway_account: { account: { cloudwatch_role_arn: '${aws_iam_role.function.arn}' } },
    aws_cloudwatch_log_group: {
      access: { name: `/aws/apigateway/${name}`, retention_in_days: 14 },
      function: { name: `/aws/lambda/${name}-echo`, retention_in_days: 14 },
    },
    aws_iam_role: {
      function: {
        name: `${name}-function`,
        assume_role_policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: 'sts:AssumeRole',
              Principal: { Service: ['lambda.amazonaws.com', 'apigateway.amazonaws.com'] },
            },
          ],
        }),
      },
    },
    aws_lambda_function: {
      echo: {
        function_name: `${name}-echo`,
        role: '${aws_iam_role.function.arn}',
        runtime: 'nodejs22.x',
        handler: 'index.handler',
        filename: options.zipFile,
        source_code_hash: '1',
        memory_size: 256,
        timeout: 20,
        lifecycle: { ignore_changes: ['source_code_hash'] },
      },
    },
    aws_lambda_permission: {
      api: {
        statement_id: 'api',
        action: 'lambda:InvokeFunction',
        function_name: '${aws_lambda_function.echo.function_name}',
        principal: 'apigateway.amazonaws.com',
        source_arn: '${aws_api_gateway_rest_api.api.execution_arn}/*',
      },
    },
  };
}
