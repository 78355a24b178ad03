/** A sessions table and a bucket in memory, spoken to by the real clients over HTTP where faults matter. For tests. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createLogger } from '../../../common/logger';
import { startFakeAws, type FakeAnswer, type FakeCall } from '../../../common/test-support/fake-aws';
import type { Actions } from '../actions';
import type { JobCall } from '../invoker';
import { createHandler, type LambdaContext, type RestAnswer } from '../lambda';
import type { StoryService } from '../routes';
import { SessionStore } from '../session-store';

type Attributes = Record<string, Record<string, unknown>>;
type Input = Record<string, never> & {
  readonly Key: Attributes;
  readonly Item: Attributes;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Attributes;
  readonly ExclusiveStartKey?: Attributes;
  readonly Limit: number;
};

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const refused: FakeAnswer = { fault: 'ConditionalCheckFailedException' };

/** As much of DynamoDB as the store speaks; a condition that it does not know is an error. */
class MemoryTable {
  readonly items = new Map<string, Attributes>();

  answer(call: FakeCall): FakeAnswer {
    try {
      return this.#answer(call);
    } catch (error) {
      return { fault: 'ValidationException', message: (error as Error).message };
    }
  }

  #answer({ operation, input }: FakeCall): FakeAnswer {
    const given = input as unknown as Input;
    const id = String((given.Key ?? given.Item)?.session_id?.S);
    const found = this.items.get(id);
    switch (operation) {
      case 'GetItem':
        return { body: found ? { Item: found } : {} };
      case 'PutItem':
        if (!this.#holds(given, found)) return refused;
        this.items.set(id, given.Item);
        return { body: {} };
      case 'DeleteItem':
        if (!this.#holds(given, found)) return refused;
        this.items.delete(id);
        return { body: {} };
      case 'Query':
        return { body: this.#query(given) };
      default:
        return { fault: 'UnknownOperationException' };
    }
  }

  #holds({ ConditionExpression: condition, ExpressionAttributeValues: values }: Input, found?: Attributes): boolean {
    switch (condition) {
      case 'attribute_not_exists(session_id)':
        return !found;
      case 'revision = :expected AND owner_sub = :owner':
        return same(found?.revision, values?.[':expected']) && same(found?.owner_sub, values?.[':owner']);
      case 'attribute_not_exists(session_id) OR owner_sub = :owner':
        return !found || same(found.owner_sub, values?.[':owner']);
      case 'attribute_not_exists(session_id) OR chat_owner = :owner':
        return !found || same(found.chat_owner, values?.[':owner']);
      default:
        throw new Error(`unknown condition: ${condition}`);
    }
  }

  #query({ ExpressionAttributeValues: values, ExclusiveStartKey: start, Limit }: Input): object {
    const all = [...this.items.values()]
      .filter(({ owner_sub }) => same(owner_sub, values?.[':owner']))
      .sort((a, b) => String(b.updated_at!.S).localeCompare(String(a.updated_at!.S)));
    const from = start ? all.findIndex(({ session_id }) => same(session_id, start.session_id)) + 1 : 0;
    const page = all.slice(from, from + Limit);
    const last = from + Limit < all.length ? page.at(-1) : undefined;
    return {
      Items: page.filter(({ expires_at }) => Number(expires_at!.N) > Number(values?.[':now']?.N)),
      ...(last && {
        LastEvaluatedKey: { session_id: last.session_id, owner_sub: last.owner_sub, updated_at: last.updated_at },
      }),
    };
  }
}

export const PNG = Buffer.from('89504e470d0a1a0a00', 'hex');

export class MemoryObjects {
  readonly stored = new Map<string, string | Uint8Array>();
  put = async (key: string, body: string | Uint8Array): Promise<void> => void this.stored.set(key, body);
  getText = async (key: string): Promise<string> => String(this.stored.get(key));
  delete = async (key: string): Promise<void> => void this.stored.delete(key);
  url = async (key: string): Promise<string> => `https://objects.test/${key}`;
  deleteAll = async (sessionId: string): Promise<number> => {
    const own = [...this.stored.keys()].filter((key) => key.split('/')[1] === sessionId);
    for (const key of own) this.stored.delete(key);
    return own.length;
  };
}

export async function startWorld() {
  const table = new MemoryTable();
  const aws = await startFakeAws((call) => table.answer(call));
  const objects = new MemoryObjects();
  const clock = { time: undefined as Date | undefined };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...aws.settings, maxAttempts: 1 }), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const options = { client, table: 'sessions', objects, now: () => clock.time ?? new Date() };
  return { table, aws, objects, clock, store: new SessionStore(options), options, close: () => aws.close() };
}
export type World = Awaited<ReturnType<typeof startWorld>>;

export interface Caller {
  readonly sub?: string;
  readonly groups?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly raw?: { readonly body: string; readonly isBase64Encoded?: boolean };
}

/** A function with its log and its background jobs in hand. */
export function startFunction(world: World, service: StoryService, actions: Actions, options: object = {}) {
  const lines: Record<string, unknown>[] = [];
  const jobs: JobCall[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const logger = createLogger({ service, version: '1', level: 'info', destination });
  const handler = createHandler({
    service,
    version: '1.r',
    logger,
    store: world.store,
    actions,
    invokeSelf: async (_name, call) => void jobs.push(call),
    ...options,
  });
  const context = (remaining = 900_000): LambdaContext => ({
    awsRequestId: 'invocation',
    functionName: 'self',
    getRemainingTimeInMillis: () => remaining,
  });
  const direct = (event: unknown, remaining?: number) =>
    handler(event, context(remaining)) as Promise<{ statusCode: number; body: Record<string, never> }>;
  const api = async (method: string, path: string, body?: unknown, caller: Caller = {}, remaining?: number) => {
    const { sub = 'me', groups = '[author]', headers = { 'Content-Type': 'application/json' }, raw } = caller;
    const [route = '', query] = path.split('?');
    const id = /^\/sessions\/(.+)$/.exec(route)?.[1];
    const event = {
      httpMethod: method,
      path: route,
      resource: id ? '/sessions/{session_id}' : route,
      headers,
      pathParameters: id ? { session_id: id } : null,
      queryStringParameters: query ? Object.fromEntries(new URLSearchParams(query)) : null,
      body: raw?.body ?? (body === undefined ? null : JSON.stringify(body)),
      isBase64Encoded: raw?.isBase64Encoded ?? false,
      requestContext: { requestId: 'request', authorizer: { claims: { sub, 'cognito:groups': groups } } },
    };
    const answer = (await handler(event, context(remaining))) as RestAnswer;
    // Answers are of many shapes; a test says which it expects.
    const parsed = (answer.body === '' ? null : JSON.parse(answer.body)) as ReturnType<typeof JSON.parse>;
    return { status: answer.statusCode, headers: answer.headers, body: parsed };
  };
  /** Runs what has been started in the background. */
  const runJobs = (remaining?: number) => Promise.all(jobs.splice(0).map((job) => direct(job, remaining)));
  return { handler, direct, api, lines, jobs, runJobs };
}
