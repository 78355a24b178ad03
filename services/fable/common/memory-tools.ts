/** The tools that tool-memory offers, as MCP clients see them: plain data, for the function and for the gateway's registry. */

const id = { type: 'string', pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' } as const;
const type = { type: 'string', enum: ['fact', 'preference', 'decision', 'pattern', 'artifact'] } as const;

export const memoryTools = {
  memory_store: {
    description: 'Stores a memory, to be found again by its meaning.',
    inputSchema: {
      type: 'object',
      properties: {
        content: { type: 'string', minLength: 1, maxLength: 8_000 },
        type: { ...type, default: 'fact' },
        scope: {
          type: 'string',
          enum: ['user', 'org', 'global'],
          default: 'user',
          description: 'Who finds it: you, your organisation, everybody.',
        },
        importance: { type: 'number', minimum: 0, maximum: 1 },
      },
      required: ['content'],
      additionalProperties: false,
    },
  },
  memory_search: {
    description: 'Finds the memories whose meaning is nearest to a text, nearest first.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', minLength: 1, maxLength: 8_000 },
        limit: { type: 'integer', minimum: 1, maximum: 50, default: 10 },
        types: { type: 'array', items: type, minItems: 1, maxItems: 5 },
      },
      required: ['query'],
      additionalProperties: false,
    },
  },
  memory_relate: {
    description: 'Relates one memory to another.',
    inputSchema: {
      type: 'object',
      properties: {
        fromId: id,
        toId: id,
        relationType: { type: 'string', minLength: 1, maxLength: 50, description: 'For example "supersedes".' },
      },
      required: ['fromId', 'toId', 'relationType'],
      additionalProperties: false,
    },
  },
} as const;
