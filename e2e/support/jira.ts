/** A stub of Jira's agile REST API: one board with one active sprint, basic authentication checked, paging as Jira does it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StubIssue {
  readonly key: string;
  readonly summary: string;
  readonly status: string;
  readonly category: 'new' | 'indeterminate' | 'done';
  readonly points: number | null;
  readonly flagged?: boolean;
  readonly subtask?: boolean;
}

export interface StubSprint {
  readonly id: number;
  readonly name: string;
  readonly startDate: string;
  readonly endDate: string;
  readonly goal?: string;
}

export interface JiraOptions {
  /** @default 0 - a free port */
  readonly port?: number;
  /** @default 'bot@example.com' */
  readonly email?: string;
  /** @default 'jira-token' */
  readonly apiToken?: string;
  /** @default 7 */
  readonly boardId?: number;
  /** @default - `stubSprint`; null: no sprint is active */
  readonly sprint?: StubSprint | null;
  /** @default - `stubIssues` */
  readonly issues?: readonly StubIssue[];
  /** The largest page, whatever is asked for. @default 3 - small, so that clients must turn pages */
  readonly pageSize?: number;
}

export interface Jira {
  readonly url: string;
  readonly port: number;
  readonly email: string;
  readonly apiToken: string;
  readonly boardId: string;
  /** What an answer about the stub's own sprint must say. */
  readonly figures: readonly string[];
  /** What the integration `jira` of a tenant must hold to reach this stub. */
  readonly secret: Readonly<Record<'base_url' | 'email' | 'api_token' | 'board_id', string>>;
  /** Method and path of each request, oldest first. */
  readonly requests: readonly string[];
  /** Answers that many of the next requests with this status. */
  fail(status: number, times: number): void;
  stop(): Promise<void>;
}

export const POINTS_FIELD = 'customfield_10021';

export const stubSprint: StubSprint = {
  id: 42,
  name: 'Sprint 42 Lock Gates',
  startDate: '2026-11-09T08:00:00.000Z',
  endDate: '2026-11-23T16:00:00.000Z',
  goal: 'The gates open',
};

/** To do 3 issues, 8 points; in progress 2 issues, 7.5 points; done 4 issues, 13 points; blocked 2. One sub-task besides. */
export const stubIssues: readonly StubIssue[] = [
  { key: 'GATE-1', summary: 'Survey the banks', status: 'Done', category: 'done', points: 3 },
  { key: 'GATE-2', summary: 'Order timber', status: 'Done', category: 'done', points: 5 },
  { key: 'GATE-3', summary: 'Cast the hinges', status: 'In Progress', category: 'indeterminate', points: 5 },
  {
    key: 'GATE-4',
    summary: 'Fit the paddles',
    status: 'In Review',
    category: 'indeterminate',
    points: 2.5,
    flagged: true,
  },
  { key: 'GATE-5', summary: 'Paint the beams', status: 'To Do', category: 'new', points: 3 },
  { key: 'GATE-6', summary: 'Hang the gates', status: 'Blocked', category: 'new', points: 5 },
  { key: 'GATE-7', summary: 'Thank the crew', status: 'To Do', category: 'new', points: null },
  { key: 'GATE-8', summary: 'Dredge the cut', status: 'Done', category: 'done', points: 5 },
  { key: 'GATE-9', summary: 'Write to the council', status: 'Done', category: 'done', points: 0 },
  { key: 'GATE-10', summary: 'Buy stamps', status: 'To Do', category: 'new', points: 1, subtask: true },
];

/** In the scripted model's words. */
export const stubFigures = [
  'Sprint 42 Lock Gates',
  'to do: 3 issues, 8 points',
  'in progress: 2 issues, 7.5 points',
  'done: 4 issues, 13 points',
  'blocked: GATE-4 and GATE-6',
];

export async function startJira(options: JiraOptions = {}): Promise<Jira> {
  const { email = 'bot@example.com', apiToken = 'jira-token', boardId = 7 } = options;
  const authorization = `Basic ${Buffer.from(`${email}:${apiToken}`).toString('base64')}`;
  const requests: string[] = [];
  let failing = { status: 0, times: 0 };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://jira');
    requests.push(`${request.method} ${request.url}`);
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (failing.times > 0) {
      failing = { ...failing, times: failing.times - 1 };
      send(failing.status, { errorMessages: ['made to fail'] });
    } else if (request.headers.authorization !== authorization) {
      send(401, { errorMessages: ['Client must be authenticated to access this resource.'] });
    } else {
      const body = request.method === 'GET' ? resource(pathname, searchParams, { ...options, boardId }) : undefined;
      send(body === undefined ? 404 : 200, body ?? { errorMessages: ['The requested resource does not exist.'] });
    }
  });
  const port = await listening(server, options.port ?? 0);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    email,
    apiToken,
    boardId: String(boardId),
    figures: stubFigures,
    secret: { base_url: url, email, api_token: apiToken, board_id: String(boardId) },
    requests,
    fail: (status, times) => {
      failing = { status, times };
    },
    stop: () => stopped(server),
  };
}

function resource(path: string, query: URLSearchParams, options: JiraOptions & { boardId: number }): unknown {
  const { boardId, sprint = stubSprint, issues = stubIssues, pageSize = 3 } = options;
  const startAt = Number(query.get('startAt') ?? 0);
  const maxResults = Math.min(Number(query.get('maxResults') ?? 50), pageSize);
  switch (path) {
    case `/rest/agile/1.0/board/${boardId}/configuration`:
      return {
        id: boardId,
        estimation: { type: 'field', field: { fieldId: POINTS_FIELD, displayName: 'Story Points' } },
      };
    case `/rest/agile/1.0/board/${boardId}/sprint`: {
      const values =
        sprint && query.get('state') === 'active' ? [{ ...sprint, state: 'active', originBoardId: boardId }] : [];
      return { startAt, maxResults, isLast: true, values: values.slice(startAt, startAt + maxResults) };
    }
    case `/rest/agile/1.0/sprint/${sprint?.id}/issue`: {
      const page = issues.slice(startAt, startAt + maxResults).map(issueResource);
      return { startAt, maxResults, total: issues.length, issues: page };
    }
    default:
      return undefined;
  }
}

const issueResource = ({ key, summary, status, category, points, flagged = false, subtask = false }: StubIssue) => ({
  id: key.replace(/\D/g, ''),
  key,
  fields: {
    summary,
    status: { name: status, statusCategory: { key: category } },
    flagged,
    labels: [],
    issuelinks: [],
    issuetype: { name: subtask ? 'Sub-task' : 'Story', subtask },
    [POINTS_FIELD]: points,
  },
});

/** On every address: a container cannot reach this machine's loopback. */
async function listening(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '0.0.0.0', resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function stopped(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
