import { ModelError, ThrottledError } from '../../common/bedrock/errors';
import { createLogger } from '../../common/logger';
import { DatabaseUnavailableError } from '../common/database';
import { memoryTools, parseToolMemoryEnvironment, type ToolMemoryVariables } from './environment';
import { createHandler, type ToolContext } from './tool';

const context = { userId: 'me', orgId: 'ours' };
const id = '01900000-0000-7000-8000-000000000000';

function start(embed: ToolContext['embed'] = async () => [1]) {
  const lines: string[] = [];
  const logger = createLogger({
    service: 't',
    version: 't',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  const nothing = () => Promise.reject(new Error('not to be reached'));
  const handler = createHandler({ logger, embed, memories: { store: nothing, search: nothing, relate: nothing } });
  return { ask: (event: unknown) => handler(event, { awsRequestId: 'r' }), lines };
}

test.each<[string, object, string]>([
  ['memory_store', {}, 'arguments.content'],
  ['memory_store', { content: ' ' }, 'arguments.content'],
  ['memory_store', { content: 'a\u0000' }, 'arguments.content'],
  ['memory_store', { content: 'x'.repeat(8_001) }, 'arguments.content'],
  ['memory_store', { content: 'x', importance: -0.1 }, 'arguments.importance'],
  ['memory_store', { content: 'x', type: 'guess' }, 'arguments.type'],
  ['memory_search', { query: 'x', limit: 51 }, 'arguments.limit'],
  ['memory_search', { query: 'x', types: [] }, 'arguments.types'],
  ['memory_relate', { fromId: id, toId: 'x', relationType: 'r' }, 'arguments.toId'],
  ['memory_relate', { fromId: id, toId: id, relationType: 'r'.repeat(51) }, 'arguments.relationType'],
  ['memory_forget', {}, 'tool'],
])('%s refuses %j', async (tool, args, path) => {
  expect(await start().ask({ tool, arguments: args, context })).toMatchObject({
    ok: false,
    error: { code: 'BAD_REQUEST', issues: [{ path }] },
  });
});

test('every tool that is registered is known here', async () => {
  for (const tool of Object.keys(memoryTools)) {
    const answer = await start().ask({ tool, arguments: null, context });
    expect(answer).toMatchObject({ error: { issues: [{ path: 'arguments' }] } });
  }
});

test('nobody without claims', async () => {
  expect(await start().ask({ tool: 'memory_store', arguments: { content: 'x' } })).toMatchObject({ ok: false });
});

test.each([
  [new ThrottledError('busy'), 'BUSY', 'busy'],
  [new DatabaseUnavailableError('host:5432'), 'BUSY', 'the memory is not reachable right now; try again shortly'],
  [new ModelError('the embedding request failed (X)'), 'INTERNAL', 'the embedding request failed (X)'],
  [new Error('arn:secret'), 'INTERNAL', 'the memory failed unexpectedly'],
])('%s is told as %s', async (error, code, message) => {
  const { ask, lines } = start(() => Promise.reject(error));
  const answer = await ask({ tool: 'memory_store', arguments: { content: 'private words' }, context });
  expect(answer).toEqual({ ok: false, error: { code, message } });
  expect(lines.join('')).toContain(error.message);
  expect(lines.join('')).not.toContain('private words');
});

test('the environment: what the stack sets, with TLS unless told otherwise', () => {
  const variables: ToolMemoryVariables = {
    ENVIRONMENT: 'dev',
    LOG_LEVEL: 'info',
    AURORA_SECRET_ARN: 'arn',
    AURORA_ENDPOINT: 'host',
    AURORA_PORT: '5432',
    AURORA_DATABASE: 'fable',
    EMBEDDING_MODEL_ID: 'titan',
  };
  expect(parseToolMemoryEnvironment(variables)).toEqual({ ...variables, PGSSLMODE: 'verify-full' });
  expect(() => parseToolMemoryEnvironment({ ...variables, AURORA_PORT: 'x', PGSSLMODE: 'prefer' })).toThrow(
    /2 problems\n- AURORA_PORT: the port of the database must be a number/,
  );
});
