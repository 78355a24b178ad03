/** The API reference for people, made of the OpenAPI document: a section a route, a table of what it takes and what it gives. */

type Json = Record<string, unknown>;

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Json }>>;
}

export function markdown(story: Json, agent: Json): string {
  const { title, version, description } = infoOf(story);
  return [
    `# ${title}`,
    '',
    `<!-- Made by services/story-42/api-reference/main.ts from the schemas that validate requests: do not edit. -->`,
    '',
    `Version ${version}. The same as OpenAPI 3.1: [openapi.yaml](openapi.yaml), [agent.openapi.yaml](agent.openapi.yaml).`,
    '',
    description,
    '',
    ...conventions(story),
    ...sections(story),
    `# ${infoOf(agent).title}`,
    '',
    infoOf(agent).description,
    '',
    ...sections(agent),
  ].join('\n');
}

const infoOf = (document: Json) => document['info'] as Record<'title' | 'version' | 'description', string>;

function sections(document: Json): string[] {
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) =>
      sectionOf(`${method.toUpperCase()} ${path}`, operation),
    ),
  );
}

function conventions(document: Json): string[] {
  const schemas = (document['components'] as { schemas: Record<string, Schema> }).schemas;
  const codes = schemas['Error']?.properties?.['error']?.properties?.['code']?.enum ?? [];
  return [
    '## Conventions',
    '',
    '- Base URL: the output `api_endpoint` (`./sluice outputs story-42 dev`); it ends with the stage.',
    '- Header `Authorization`: the ID token. Without one, or with a bad one, the answer is 401.',
    '- Bodies are JSON, in and out. Unknown fields are refused, so that a misspelt one is noticed.',
    '- The API waits 29 s for an answer. For longer work say `"async": true`: the answer is 202 at once, and',
    '  `GET /sessions/{session_id}` tells when `status` is `complete` or `failed`.',
    '- URLs of images and audio are valid for one hour; reading the session again gives fresh ones.',
    "- Another user's session is not found, whatever is asked of it.",
    `- Errors are \`{"error":{"code","message","request_id"}}\`, with \`fields\` for what is wrong with a request.`,
    `  Codes: ${codes.map((code) => `\`${String(code)}\``).join(', ')}.`,
    '- Every answer carries `version`, and the header `x-story-version`.',
    '',
  ];
}

function sectionOf(title: string, operation: Operation): string[] {
  const { parameters = [], requestBody, responses } = operation;
  const request = requestBody?.content['application/json'].schema;
  const inputs = [
    ...parameters.map(({ name, in: where, required, description, schema }) =>
      row(`${name} (${where})`, { ...schema, description }, required),
    ),
    ...(request === undefined ? [] : fieldRows(request)),
  ];
  const outcomes = Object.entries(responses).map(([status, { description }]) => `| ${status} | ${description} |`);
  const success = responses['200']?.content as Record<string, { schema: Schema }> | undefined;
  return [
    `## ${title}`,
    '',
    `${operation.summary}. Served by \`${operation.tags[0]}\`, operation \`${operation.operationId}\`.`,
    '',
    ...(inputs.length === 0
      ? []
      : ['| Field | Type | Required | Default | Meaning |', '| --- | --- | --- | --- | --- |', ...inputs, '']),
    ...alternatives(request),
    ...Object.values(success ?? {}).flatMap(({ schema: { description: other } }) =>
      other === undefined ? [] : [`${other}.`, ''],
    ),
    ...(success === undefined
      ? []
      : ['Answer:', '', '```', ...outline(success['application/json']?.schema ?? {}), '```', '']),
    '| Status | When |',
    '| --- | --- |',
    ...outcomes,
    '',
  ];
}

function alternatives(schema: Schema | undefined): string[] {
  const choices = (of: readonly Schema[] = []) =>
    of.map(({ required = [] }) => required.map((name) => `\`${name}\``).join(' with '));
  const any = choices(schema?.anyOf);
  const one = choices(schema?.oneOf);
  return [
    ...(any.length === 0 ? [] : [`At least one of ${any.join(', ')} must be given.`, '']),
    ...(one.length === 0 ? [] : [`Give either ${one.join(', or ')}.`, '']),
  ];
}

function fieldRows(schema: Schema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    // What the schema knows nothing of is accepted and ignored.
    if (Object.keys(field).length === 0) return [];
    const nested = field.type === 'array' ? field.items : field;
    return [
      row(path, field, (schema.required ?? []).includes(name)),
      ...(nested?.properties === undefined ? [] : fieldRows(nested, `${path}${field.type === 'array' ? '[].' : '.'}`)),
    ];
  });
}

function row(name: string, schema: Schema, required: boolean): string {
  const fallback = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
  return `| \`${name}\` | ${typeOf(schema)} | ${required ? 'yes' : ''} | ${fallback} | ${schema.description ?? ''} |`;
}

function typeOf(schema: Schema): string {
  if (Array.isArray(schema.type)) {
    const { type, ...rest } = schema;
    return (type as readonly string[])
      .map((each) => (each === 'null' ? each : typeOf({ ...rest, type: each })))
      .join(' or ');
  }
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.anyOf !== undefined && schema.type === undefined) {
    return schema.anyOf.map((choice) => (choice.type === 'null' ? 'null' : typeOf(choice))).join(' or ');
  }
  switch (schema.type) {
    case 'integer':
      return schema.minimum !== undefined && schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER
        ? `${schema.minimum} to ${schema.maximum}`
        : 'whole number';
    case 'string':
      if (schema.format === 'uuid') return 'UUID';
      return schema.maxLength === undefined ? 'text' : `text, up to ${schema.maxLength} characters`;
    case 'array':
      return schema.maxItems === undefined ? 'list' : `list, up to ${schema.maxItems}`;
    default:
      return String(schema.type ?? 'any');
  }
}

/** The answer's fields, indented as they nest. */
function outline(schema: Schema, indent = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const optional = (schema.required ?? []).includes(name) ? '' : '?';
    const value = (field.anyOf ?? []).find((choice) => choice.type !== 'null') ?? field;
    const item = value.type === 'array' ? value.items : value;
    const nullable = value === field ? '' : ' or null';
    if (item?.properties === undefined) {
      return [
        `${indent}${name}${optional}: ${value.type === 'array' ? `[${plain(item ?? {})}]` : plain(value)}${nullable}`,
      ];
    }
    const [open, close] = value.type === 'array' ? ['[{', '}]'] : ['{', '}'];
    return [`${indent}${name}${optional}: ${open}`, ...outline(item, `${indent}  `), `${indent}${close}${nullable}`];
  });
}

const plain = (schema: Schema): string => typeOf(schema).replaceAll('`', '');
