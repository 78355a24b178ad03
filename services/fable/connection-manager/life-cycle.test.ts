import { createLogger } from '../../common/logger';
import { ConnectionStore } from '../common/connections';
import { startMemoryTables } from '../common/test-support/memory-tables';
import { parseConnectionManagerEnvironment, type ConnectionManagerVariables } from './environment';
import { handleLifeCycle, type LifeCycleEvent } from './life-cycle';

let tables: Awaited<ReturnType<typeof startMemoryTables>>;
beforeEach(async () => {
  tables = await startMemoryTables({ connections: ['connectionId'] });
});
afterEach(() => tables.close());

const rows = () => tables.tables.items('connections');
const handle = (routeKey: string, query?: LifeCycleEvent['queryStringParameters'], connectionId = 'abc=') =>
  handleLifeCycle(
    {
      connections: new ConnectionStore(tables.client, 'connections'),
      logger: createLogger({ service: 's', version: '1', level: 'silent' }),
      now: () => new Date('2026-02-04T10:00:00.500Z'),
    },
    { requestContext: { routeKey, connectionId }, queryStringParameters: query },
  );

test('who connects gets a row that expires three hours later', async () => {
  expect(await handle('$connect', { userId: 'ada', orgId: 'acme.org' })).toEqual({ statusCode: 200, body: '' });
  expect(rows()).toEqual([
    {
      connectionId: { S: 'abc=' },
      userId: { S: 'ada' },
      orgId: { S: 'acme.org' },
      connectedAt: { S: '2026-02-04T10:00:00.500Z' },
      expiresAt: { N: String(Date.UTC(2026, 1, 4, 13) / 1_000) },
    },
  ]);
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['no organisation', { userId: 'a' }],
  ['an empty user', { userId: '', orgId: 'o' }],
  ['65 characters', { userId: 'x'.repeat(65), orgId: 'o' }],
  ['a key of its own making', { userId: 'a#b', orgId: 'o' }],
  ['a line end', { userId: 'a\n', orgId: 'o' }],
])('%s: 400, and no row', async (_what, query) => {
  const { statusCode, body } = await handle('$connect', query);
  expect(statusCode).toBe(400);
  expect(JSON.parse(body)).toMatchObject({ code: 'BAD_REQUEST', issues: expect.any(Array) });
  expect(rows()).toEqual([]);
});

test('64 characters are enough for anybody', async () => {
  expect((await handle('$connect', { userId: 'x'.repeat(64), orgId: 'o' })).statusCode).toBe(200);
});

test('connecting and leaving may be repeated', async () => {
  const claims = { userId: 'a', orgId: 'o' };
  await handle('$connect', claims);
  await handle('$connect', claims);
  await handle('$connect', claims, 'other');
  expect(rows()).toHaveLength(2);
  for (let time = 0; time < 2; time += 1) expect((await handle('$disconnect')).statusCode).toBe(200);
  expect(rows().map(({ connectionId }) => connectionId!.S)).toEqual(['other']);
});

test('a table that fails, or a route of others, is an error and no answer', async () => {
  tables.aws.answer = () => ({ fault: 'AccessDeniedException' });
  await expect(handle('$connect', { userId: 'a', orgId: 'o' })).rejects.toThrow('AccessDenied');
  await expect(handle('$default')).rejects.toThrow("route $default is not one of the connection manager's");
});

test('environment', () => {
  const variables: ConnectionManagerVariables = { ENVIRONMENT: 'dev', LOG_LEVEL: 'info', CONNECTIONS_TABLE: 'c' };
  expect(parseConnectionManagerEnvironment(variables)).toEqual(variables);
  expect(() => parseConnectionManagerEnvironment({ ...variables, CONNECTIONS_TABLE: undefined })).toThrow(
    '- CONNECTIONS_TABLE: the name of the connections table is required',
  );
});
