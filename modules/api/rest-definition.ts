/**
 * The OpenAPI definition of a REST API from its routes, as plain data: what API Gateway imports as a whole. Pure functions;
 * rest-api.ts makes the API of it.
 */
import { unless, matches, oneOf, inRange, type Rule } from '../checks/checks';
import type { ImageFunction } from '../functions/image-function';
import { throttlingRules, type Throttling } from './throttling';

export const restMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const;

export interface RestRoute {
  readonly method: (typeof restMethods)[number];
  /** Such as `/sessions/{session_id}`. */
  readonly path: string;
  /** Gets the whole request and gives the whole answer (Lambda proxy). */
  readonly function: ImageFunction;
  /** `none` lets anybody in. @default 'cognito' */
  readonly authorizer?: 'cognito' | 'none';
  /** For this route alone, in place of the stage's. @default - the stage's */
  readonly throttling?: Throttling;
}

export interface RestCors {
  /**
   * `*`, or the one origin whose pages may call. A REST API answers a preflight with fixed headers, so there is no list;
   * with tokens in a header and no cookies, `*` gives nothing away. @default '*'
   */
  readonly allowOrigin?: string;
  /** @default ['Authorization', 'Content-Type'] */
  readonly allowHeaders?: readonly string[];
  /** How long a browser keeps the answer to its preflight; Chrome keeps none longer than 7200. @default 3600 */
  readonly maxAgeSeconds?: number;
}

export interface RestDefinitionProps {
  readonly name: string;
  readonly routes: readonly RestRoute[];
  /** ARN of the pool whose ID tokens open the routes. */
  readonly userPoolArn: string | undefined;
  readonly cors: RestCors | undefined;
  readonly timeoutMilliseconds: number;
}

type Json = { readonly [key: string]: unknown };

const SCHEME = 'cognito';
const VARIABLE = /^\{([A-Za-z0-9_.-]+)\+?\}$/;

/**
 * Answers that API Gateway gives itself, in place of its own `{"message":...}`. A type without a status keeps AWS's.
 * MISSING_AUTHENTICATION_TOKEN is what AWS says of a path or method that is not there: with these routes, a 404.
 */
const gatewayErrors: Readonly<Record<string, { readonly code: string; readonly statusCode?: number }>> = {
  UNAUTHORIZED: { code: 'unauthorized', statusCode: 401 },
  ACCESS_DENIED: { code: 'forbidden', statusCode: 403 },
  MISSING_AUTHENTICATION_TOKEN: { code: 'not_found', statusCode: 404 },
  REQUEST_TOO_LARGE: { code: 'request_too_large', statusCode: 413 },
  THROTTLED: { code: 'throttled', statusCode: 429 },
  INTEGRATION_TIMEOUT: { code: 'timeout', statusCode: 504 },
  DEFAULT_4XX: { code: 'bad_request' },
  DEFAULT_5XX: { code: 'internal' },
};

export function routeRules(routes: readonly RestRoute[], cors: RestCors | undefined, hasUserPool: boolean): Rule[] {
  const keys = routes.map(({ method, path }) => `${method} ${path}`);
  return [
    unless(routes.length === 0, 'routes is empty; allowed: one route or more, as API Gateway deploys no empty API'),
    ...routes.flatMap(({ method, path, throttling }) => [
      oneOf<string>('routes.method', method, restMethods),
      matches(
        'routes.path',
        path,
        /^\/$|^(\/([A-Za-z0-9._~-]+|\{[A-Za-z0-9_.-]+\}))*(\/([A-Za-z0-9._~-]+|\{[A-Za-z0-9_.-]+\+?\}))$/,
        'a path such as /sessions/{session_id}',
      ),
      ...throttlingRules(`routes "${method} ${path}" throttling`, throttling),
    ]),
    ...duplicates(keys).map((key) => `routes has ${key} twice; allowed: each method of a path once`),
    ...siblings(routes).map((names) => `routes has ${names} in one place; allowed: one name for a variable of a path`),
    unless(
      !hasUserPool && routes.some(({ authorizer }) => authorizer !== 'none'),
      'authorizer is missing; allowed: a user pool, or authorizer "none" on every route',
    ),
    matches(
      'cors.allowOrigin',
      cors?.allowOrigin,
      /^(\*|https?:\/\/[^/'\s]+)$/,
      'an origin such as https://example.com, or *',
    ),
    ...(cors?.allowHeaders ?? []).map((header) => matches('cors.allowHeaders', header, /^[A-Za-z0-9-]+$/, 'a header')),
    inRange('cors.maxAgeSeconds', cors?.maxAgeSeconds, 0, 86_400, 'seconds'),
  ];
}

/** The definition, with its keys in a stable order: the order of the routes in the source says nothing. */
export function restDefinition(props: RestDefinitionProps): Json {
  const { routes, cors, userPoolArn } = props;
  const paths = [...new Set(routes.map(({ path }) => path))].sort();
  const closed = routes.some(({ authorizer }) => authorizer !== 'none');
  return {
    openapi: '3.0.1',
    info: { title: props.name, version: '1.0' },
    paths: Object.fromEntries(
      paths.map((path) => {
        const here = routes.filter((route) => route.path === path).sort((a, b) => (a.method < b.method ? -1 : 1));
        return [
          path,
          {
            ...Object.fromEntries(here.map((route) => [route.method.toLowerCase(), operation(route, props)])),
            ...(cors === undefined ? {} : { options: preflight(here, cors) }),
          },
        ];
      }),
    ),
    ...(closed && userPoolArn !== undefined
      ? { components: { securitySchemes: { [SCHEME]: securityScheme(userPoolArn) } } }
      : {}),
    'x-amazon-apigateway-gateway-responses': gatewayResponses(cors),
  };
}

/** Key of a route in a stage's settings; its slashes are escaped, also the first. */
export function methodPath({ method, path }: Pick<RestRoute, 'method' | 'path'>): string {
  return `${path.replaceAll('/', '~1')}/${method}`;
}

function operation(route: RestRoute, { timeoutMilliseconds }: RestDefinitionProps): Json {
  const { region, arn } = route.function;
  return {
    ...parameters(route.path),
    // API Gateway imports no operation without one; with a proxy the function gives the real answers.
    responses: { default: { description: 'What the function answers' } },
    ...(route.authorizer === 'none' ? {} : { security: [{ [SCHEME]: [] }] }),
    'x-amazon-apigateway-integration': {
      type: 'aws_proxy',
      httpMethod: 'POST',
      uri: `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${arn}/invocations`,
      passthroughBehavior: 'when_no_match',
      timeoutInMillis: timeoutMilliseconds,
    },
  };
}

function parameters(path: string): Json {
  const names = path.split('/').flatMap((segment) => VARIABLE.exec(segment)?.[1] ?? []);
  if (names.length === 0) return {};
  return { parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })) };
}

/** API Gateway answers a preflight itself: no token, no function, no cost. */
function preflight(routes: readonly RestRoute[], cors: RestCors): Json {
  const { allowHeaders = ['Authorization', 'Content-Type'], maxAgeSeconds = 3600 } = cors;
  const headers: Readonly<Record<string, string>> = {
    'Access-Control-Allow-Headers': allowHeaders.join(','),
    'Access-Control-Allow-Methods': [...routes.map(({ method }) => method), 'OPTIONS'].join(','),
    'Access-Control-Allow-Origin': cors.allowOrigin ?? '*',
    'Access-Control-Max-Age': String(maxAgeSeconds),
  };
  const names = Object.keys(headers);
  return {
    ...parameters(routes[0]?.path ?? '/'),
    responses: {
      '204': {
        description: 'Which methods and headers a page of another origin may use',
        headers: Object.fromEntries(names.map((name) => [name, { schema: { type: 'string' } }])),
      },
    },
    'x-amazon-apigateway-integration': {
      type: 'mock',
      passthroughBehavior: 'when_no_match',
      requestTemplates: { 'application/json': '{"statusCode":204}' },
      responses: {
        default: {
          statusCode: '204',
          responseParameters: Object.fromEntries(
            names.map((name) => [`method.response.header.${name}`, `'${headers[name]}'`]),
          ),
        },
      },
    },
  };
}

function securityScheme(userPoolArn: string): Json {
  return {
    type: 'apiKey',
    name: 'Authorization',
    in: 'header',
    'x-amazon-apigateway-authtype': 'cognito_user_pools',
    'x-amazon-apigateway-authorizer': { type: 'cognito_user_pools', providerARNs: [userPoolArn] },
  };
}

function gatewayResponses(cors: RestCors | undefined): Json {
  return Object.fromEntries(
    Object.entries(gatewayErrors).map(([type, { code, statusCode }]) => [
      type,
      {
        ...(statusCode === undefined ? {} : { statusCode }),
        ...(cors === undefined
          ? {}
          : {
              // Without it a page sees a network error where a status was sent.
              responseParameters: {
                'gatewayresponse.header.Access-Control-Allow-Origin': `'${cors.allowOrigin ?? '*'}'`,
              },
            }),
        responseTemplates: {
          // messageString brings its own quotation marks.
          'application/json': `{"error":{"code":"${code}","message":$context.error.messageString,"request_id":"$context.requestId"}}`,
        },
      },
    ]),
  );
}

function duplicates(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

/** API Gateway holds one variable below a path, whatever follows it. */
function siblings(routes: readonly RestRoute[]): string[] {
  const below = new Map<string, Set<string>>();
  for (const { path } of routes) {
    const segments = path.split('/').slice(1);
    segments.forEach((segment, index) => {
      if (!VARIABLE.test(segment)) return;
      const parent = segments.slice(0, index).join('/');
      below.set(parent, (below.get(parent) ?? new Set()).add(segment));
    });
  }
  return [...below.values()].filter((names) => names.size > 1).map((names) => [...names].sort().join(' and '));
}
