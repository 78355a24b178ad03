/** The story API as an OpenAPI 3.1 document, made of the very schemas that validate its requests. Pure: same schemas, same document. */
import * as z from 'zod/mini';
import { errorStatuses, type ErrorCode } from '../common/errors';
import { acceptedResponse, errorResponse, routes } from '../common/schemas';

type Json = Record<string, unknown>;
type ApiRoute = (typeof routes)[number];

/** What every route may answer, whatever it does. */
const always: readonly ErrorCode[] = ['forbidden', 'internal'];

export function openApi(version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Story-42 API',
      version,
      description:
        'Turns a topic into an illustrated story. Every route needs the ID token of a signed-in user in the ' +
        'header `Authorization`, and the user must be in group `admin` or `author`.\n\n' +
        '© 2025 Tech42 Consulting, all rights reserved.',
    },
    servers: [
      {
        url: '{api_endpoint}',
        description: 'The output `api_endpoint` of the environment',
        variables: { api_endpoint: { default: 'https://example.execute-api.us-west-2.amazonaws.com/dev' } },
      },
    ],
    security: [{ idToken: [] }],
    paths: pathsOf(routes),
    components: {
      securitySchemes: {
        idToken: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: "Cognito's ID token as it is, or after `Bearer `",
        },
      },
      schemas: { Error: jsonSchema(errorResponse, 'output'), Accepted: jsonSchema(acceptedResponse, 'output') },
    },
  };
}

function pathsOf(all: readonly ApiRoute[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of all) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return paths;
}

function operationOf(route: ApiRoute): Json {
  const parameters = [...parametersOf(route, 'params', 'path'), ...parametersOf(route, 'query', 'query')];
  return {
    operationId: route.action,
    summary: route.summary,
    tags: [route.service],
    ...(parameters.length > 0 && { parameters }),
    ...(route.request !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchema(route.request, 'input') } },
      },
    }),
    responses: responsesOf(route),
  };
}

function parametersOf(route: ApiRoute, from: 'params' | 'query', where: 'path' | 'query'): Json[] {
  const shape = route[from];
  if (shape === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(shape, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
}

function responsesOf({ status, response, errors, async }: ApiRoute): Json {
  const success =
    response === undefined
      ? { description: 'Done; nothing to say' }
      : { description: 'Done', content: { 'application/json': { schema: jsonSchema(response, 'output') } } };
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...errors, ...always]) {
    byStatus.set(errorStatuses[code], [...(byStatus.get(errorStatuses[code]) ?? []), code]);
  }
  const failures = [...byStatus]
    .sort(([one], [other]) => one - other)
    .map(([code, names]): [string, Json] => [
      String(code),
      {
        description: names.map((name) => `\`${name}\``).join(', '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]);
  return {
    [status]: success,
    ...(async && {
      202: {
        description: 'Accepted: the work goes on, poll `GET /sessions/{session_id}`',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Accepted' } } },
      },
    }),
    401: { description: 'No token, or one that is not valid: the answer is API Gateway’s' },
    ...Object.fromEntries(failures),
  };
}

/** JSON Schema 2020-12, which is what OpenAPI 3.1 speaks. */
function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}
