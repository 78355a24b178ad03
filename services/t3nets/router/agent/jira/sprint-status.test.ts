import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IntegrationError } from '../errors';
import { JiraClient } from './client';
import { chooseSprint, jiraConfigured, sprintStatus, summarise } from './sprint-status';

interface Ask {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}
type Answer = { status?: number; body?: unknown; text?: string } | 'hang' | 'drop';

let server: Server;
let asked: Ask[];
let answer: (ask: Ask) => Answer;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://x');
    const ask = {
      path: pathname.replace('/base/rest/agile/1.0/', ''),
      query: searchParams,
      authorization: request.headers.authorization,
    };
    asked.push(ask);
    send(response, answer(ask));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function send(response: ServerResponse, what: Answer): void {
  if (what === 'drop') response.destroy();
  else if (what !== 'hang') response.writeHead(what.status ?? 200).end(what.text ?? JSON.stringify(what.body ?? {}));
}

const baseUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`;
const secret = () => ({ base_url: baseUrl(), email: 'bot@x.org', api_token: 'tok', board_id: 7 });
const run = (more = {}) =>
  sprintStatus({ input: {}, secret: { ...secret(), ...more }, signal: AbortSignal.timeout(9_000) });
const client = (options = {}) =>
  new JiraClient({ baseUrl: baseUrl(), email: 'e', apiToken: 't' }, { backoffMilliseconds: 1, ...options });

const issue = (key: string, category: string, points: unknown, more = {}) => ({
  key,
  fields: { summary: `S ${key}`, status: { name: category, statusCategory: { key: category } }, pts: points, ...more },
});
const sprint = { id: 42, name: 'Sprint 42', state: 'active', startDate: '2026-01-01', endDate: '2026-01-14', goal: '' };

test('reads sprint, estimation field and all pages of issues, with basic authentication', async () => {
  const issues = Array.from({ length: 5 }, (_, index) => issue(`A-${index}`, 'done', 2));
  answer = ({ path, query }) => {
    if (path === 'board/7/sprint') return { body: { isLast: true, values: [sprint] } };
    if (path === 'board/7/configuration') return { body: { estimation: { field: { fieldId: 'pts' } } } };
    const start = Number(query.get('startAt'));
    return { body: { total: 5, issues: issues.slice(start, start + 2) } };
  };
  expect(await run()).toEqual({
    active_sprint: { name: 'Sprint 42', start_date: '2026-01-01', end_date: '2026-01-14' },
    to_do: { issues: 0, points: 0 },
    in_progress: { issues: 0, points: 0 },
    done: { issues: 5, points: 10 },
    total: { issues: 5, points: 10 },
    blocked: { issues: 0, list: [] },
  });
  const basic = `Basic ${Buffer.from('bot@x.org:tok').toString('base64')}`;
  expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([basic]));
  const pages = asked.filter(({ path }) => path === 'sprint/42/issue');
  expect(pages.map(({ query }) => query.get('startAt'))).toEqual(['0', '2', '4']);
  expect(pages[0]!.query.get('fields')).toContain('pts');
});

test('a field named in the secret is taken without asking the board', async () => {
  answer = ({ path }) =>
    path === 'board/7/sprint'
      ? { body: { values: [sprint] } }
      : { body: { total: 1, issues: [issue('A-1', 'new', 3)] } };
  expect(await run({ story_points_field: 'pts' })).toMatchObject({ to_do: { issues: 1, points: 3 } });
  expect(asked.some(({ path }) => path.endsWith('configuration'))).toBe(false);
});

test('a board that does not tell its field leaves the usual one', async () => {
  answer = ({ path }) => {
    if (path === 'board/7/sprint') return { body: { values: [sprint] } };
    if (path === 'board/7/configuration') return { status: 404 };
    return { body: { total: 1, issues: [issue('A-1', 'new', 0, { customfield_10016: 8 })] } };
  };
  expect(await run()).toMatchObject({ to_do: { points: 8 } });
});

test('no active sprint is an answer, not an error', async () => {
  answer = ({ path }) => (path === 'board/7/sprint' ? { body: { isLast: true, values: [] } } : { status: 404 });
  expect(await run()).toEqual({ active_sprint: null, message: 'Board 7 has no active sprint.' });
});

test('sprints come page by page until the last', async () => {
  answer = ({ query }) => {
    const startAt = Number(query.get('startAt'));
    return { body: { isLast: startAt === 2, values: startAt === 2 ? [{ ...sprint, id: 3 }] : [sprint, sprint] } };
  };
  expect((await client().activeSprints('7')).map(({ id }) => id)).toEqual([42, 42, 3]);
});

test.each<[string, Answer, RegExp, number]>([
  ['a refused account', { status: 401 }, /refused the configured account \(HTTP 401\)/, 1],
  ['an unknown board', { status: 404 }, /does not know board 7/, 1],
  ['a bad request', { status: 400 }, /answered with HTTP 400/, 1],
  ['a page of HTML', { text: '<html>' }, /something other than JSON/, 1],
  ['another form', { body: { values: 'none' } }, /not understood/, 1],
  ['an overloaded Jira', { status: 503 }, /could not be reached \(HTTP 503, 3 tries\)/, 3],
  ['a throttling Jira', { status: 429 }, /could not be reached \(HTTP 429, 3 tries\)/, 3],
  ['a dropped connection', 'drop', /could not be reached \(connection failed, 3 tries\)/, 3],
])('%s', async (_name, what, message, tries) => {
  answer = () => what;
  const failed = client().activeSprints('7');
  await expect(failed).rejects.toThrow(message);
  await expect(failed).rejects.toBeInstanceOf(IntegrationError);
  expect(asked).toHaveLength(tries);
});

test('a silent Jira is given up, request by request', async () => {
  answer = () => 'hang';
  await expect(client({ requestMilliseconds: 40 }).activeSprints('7')).rejects.toThrow(/no answer in time, 3 tries/);
  expect(asked).toHaveLength(3);
});

test('nothing is asked again once the caller has given up', async () => {
  answer = () => 'hang';
  const signal = AbortSignal.timeout(50);
  await expect(client({ signal }).activeSprints('7')).rejects.toThrow(/timeout|aborted/i);
  expect(asked).toHaveLength(1);
});

test('recovers when a later try succeeds', async () => {
  answer = () => (asked.length < 3 ? { status: 502 } : { body: { values: [sprint] } });
  expect(await client().activeSprints('7')).toHaveLength(1);
});

test('does not follow redirects: credentials go to one address only', async () => {
  let elsewhere = 0;
  const other = createServer((_request, response) => {
    elsewhere += 1;
    response.end('{}');
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  server.removeAllListeners('request');
  server.on('request', (_request, response: ServerResponse) => {
    response.writeHead(302, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` }).end();
  });
  await expect(client().activeSprints('7')).rejects.toThrow(IntegrationError);
  expect(elsewhere).toBe(0);
  other.close();
});

test("the board's own sprint comes first", () => {
  const sprints = [
    { id: 1, name: 'other', originBoardId: 8 },
    { id: 2, name: 'own', originBoardId: 7 },
  ];
  expect(chooseSprint(sprints, '7')!.name).toBe('own');
  expect(chooseSprint(sprints, '9')!.name).toBe('other');
  expect(chooseSprint([], '7')).toBeUndefined();
});

test('counts by category, adds points, finds what is blocked, leaves sub-tasks out', () => {
  const link = (key: string) => [
    { type: { inward: 'is blocked by' }, inwardIssue: { fields: { status: { name: key, statusCategory: { key } } } } },
  ];
  const result = summarise(
    [
      issue('A-1', 'new', 0.1, { flagged: true }),
      issue('A-2', 'new', 0.2, { labels: ['Blocked'] }),
      issue('A-3', 'indeterminate', null, { issuelinks: link('new') }),
      issue('A-4', 'indeterminate', 5, { issuelinks: link('done') }),
      issue('A-5', 'done', 3, { flagged: true }),
      issue('A-6', 'new', 8, { issuetype: { subtask: true } }),
      issue('A-7', 'new', 'many', { status: { name: 'Impediment', statusCategory: { key: 'new' } } }),
      { key: 'A-8', fields: {} },
    ],
    'pts',
  );
  expect(result).toMatchObject({
    to_do: { issues: 4, points: 0.3 },
    in_progress: { issues: 2, points: 5 },
    done: { issues: 1, points: 3 },
    total: { issues: 7, points: 8.3 },
    blocked: { issues: 4 },
  });
  const { list } = result.blocked as unknown as { list: { key: string }[] };
  expect(list.map(({ key }) => key)).toEqual(['A-1', 'A-2', 'A-3', 'A-7']);
});

test.each<[string, Record<string, unknown>, boolean]>([
  ['complete', {}, true],
  ['board as text', { board_id: '7' }, true],
  ['no token', { api_token: '' }, false],
  ['a seed placeholder', { placeholder: true }, false],
  ['a placeholder text', { api_token: 'CHANGEME' }, false],
  ['an address that is none', { base_url: 'jira' }, false],
  ['a file address', { base_url: 'file:///etc/passwd' }, false],
  ['an address with credentials', { base_url: 'https://a:b@jira.example.org' }, false],
  ['a board that is no number', { board_id: '../1' }, false],
])('configured: %s', (_name, more, expected) => {
  const full = { base_url: 'https://jira.example.org', email: 'e@x.org', api_token: 't0k', board_id: 7 };
  expect(jiraConfigured({ ...full, ...more } as never)).toBe(expected);
});
