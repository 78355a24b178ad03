/** OpenAPI 3.1 documents, made of the very schemas that validate requests. Pure: same schemas, same document. */
import * as z from 'zod/mini';

export type Json = Record<string, unknown>;

export interface DocumentedRoute {
  readonly method: string;
  readonly path: string;
  /** Name of the operation. */
  readonly action: string;
  readonly service: string;
  readonly summary: string;
  readonly params?: z.core.$ZodType;
  readonly query?: z.core.$ZodType;
  readonly request?: z.core.$ZodType;
  readonly response?: z.core.$ZodType;
  readonly status: 200 | 204;
  readonly errors: readonly string[];
  /** Whether it can answer 202 and go on in the background. @default false */
  readonly async?: boolean;
  /** Whether anybody may ask. @default false */
  readonly open?: boolean;
  /** Other forms of the success body, by media type. */
  readonly otherForms?: Readonly<Record<string, string>>;
}

export interface DocumentedApi {
  readonly title: string;
  readonly description: string;
  /** The output that holds its address, and an example of one. */
  readonly server: { readonly output: string; readonly example: string };
  readonly routes: readonly DocumentedRoute[];
  /** HTTP status of every error code. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What every closed route may answer, whatever it does. */
  readonly always: readonly string[];
  /** Where a token that is missing or bad is refused. */
  readonly unauthorized: string;
  readonly schemas: Readonly<Record<string, z.core.$ZodType>>;
}

export function openApi(api: DocumentedApi, version: string): Json {
  const { title, description, server } = api;
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    servers: [
      {
        url: `{${server.output}}`,
        description: `The output \`${server.output}\` of the environment`,
        variables: { [server.output]: { default: server.example } },
      },
    ],
    security: [{ idToken: [] }],
    paths: pathsOf(api),
    components: {
      securitySchemes: {
        idToken: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: "Cognito's ID token as it is, or after `Bearer `",
        },
      },
      schemas: Object.fromEntries(
        Object.entries(api.schemas).map(([name, schema]) => [name, jsonSchema(schema, 'output')]),
      ),
    },
  };
}

function pathsOf(api: DocumentedApi): Json {
  const paths: Record<string, Json> = {};
  for (const route of api.routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route, api) };
  }
  return paths;
}

function operationOf(route: DocumentedRoute, api: DocumentedApi): Json {
  const parameters = [...parametersOf(route, 'params', 'path'), ...parametersOf(route, 'query', 'query')];
  return {
    operationId: route.action,
    summary: route.summary,
    tags: [route.service],
    ...(route.open === true && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.request !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchema(route.request, 'input') } },
      },
    }),
    responses: responsesOf(route, api),
  };
}

function parametersOf(route: DocumentedRoute, from: 'params' | 'query', where: 'path' | 'query'): Json[] {
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

function responsesOf(route: DocumentedRoute, { always, statuses, unauthorized }: DocumentedApi): Json {
  const { status, response, errors, async, open, otherForms = {} } = route;
  const error = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  const byStatus = new Map<number, string[]>();
  for (const code of new Set([...errors, ...(open === true ? [] : always)])) {
    const number = statuses[code];
    if (number === undefined) throw new Error(`${route.path}: the error ${code} has no status`);
    byStatus.set(number, [...(byStatus.get(number) ?? []), code]);
  }
  const failures = [...byStatus]
    .sort(([one], [other]) => one - other)
    .map(([number, names]): [string, Json] => [
      String(number),
      { description: names.map((name) => `\`${name}\``).join(', '), content: error },
    ]);
  const others = Object.entries(otherForms).map(([type, description]) => [
    type,
    { schema: { type: 'string', description } },
  ]);
  const success =
    response === undefined
      ? { description: 'Done; nothing to say' }
      : {
          description: 'Done',
          content: { 'application/json': { schema: jsonSchema(response, 'output') }, ...Object.fromEntries(others) },
        };
  return {
    [status]: success,
    ...(async === true && {
      202: {
        description: 'Accepted: the work goes on, poll `GET /sessions/{session_id}`',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Accepted' } } },
      },
    }),
    ...(open !== true && { 401: { description: unauthorized } }),
    ...Object.fromEntries(failures),
  };
}

/** JSON Schema 2020-12, which is what OpenAPI 3.1 speaks. */
function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}
