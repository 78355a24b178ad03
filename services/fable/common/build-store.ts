/**
 * Build records in DynamoDB. Whoever writes says under which status it may: of two writers at once one wins, and a build
 * that has ended stays as it ended.
 */
import {
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { faultName } from '../../common/bedrock/faults';
import { openStatuses, type BuildFailure, type BuildRecord, type BuildStatus, type BuildSummary } from './builds';
import { FableError } from './errors';
import { buildKey, buildsPartition, buildSortPrefix, idempotencyItemKey } from './keys';

const IDEMPOTENCY_HOURS = 24;
const TRIES = 5;

export interface Idempotency {
  readonly key: string;
  /** Of everything else in the request: the same key with another request is a mistake. */
  readonly fingerprint: string;
}

interface IdempotencyItem {
  readonly buildId: string;
  readonly fingerprint: string;
  /** Seconds; DynamoDB removes the item within days. */
  readonly expiresAt: number;
}

export type Outcome =
  | { readonly status: 'completed'; readonly result: Readonly<Record<string, unknown>> | undefined }
  | { readonly status: 'failed'; readonly error: BuildFailure };

export class BuildStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly now: () => Date;

  constructor(client: DynamoDBDocumentClient, table: string, now: () => Date = () => new Date()) {
    this.#client = client;
    this.#table = table;
    this.now = now;
  }

  async get(orgId: string, buildId: string): Promise<BuildRecord | undefined> {
    return this.#read<BuildRecord>(buildKey(orgId, buildId));
  }

  /** Never overwrites. With a key that has been used, resolves with the build that was made of it. */
  async create(record: BuildRecord, idempotency?: Idempotency): Promise<BuildRecord> {
    if (!idempotency) {
      await this.#client.send(new PutCommand(this.#newItem(record)));
      return record;
    }
    for (let attempt = 1; ; attempt += 1) {
      const earlier = await this.#createOnce(record, idempotency);
      if (earlier !== 'busy') return earlier;
      if (attempt === TRIES)
        throw new FableError('CONFLICT', 'a start with this idempotencyKey is under way; try again');
      await delay(Math.random() * 20 * 2 ** attempt);
    }
  }

  /** Keeps the ARN in any case; resolves with the record as it is then. */
  async markRunning({ orgId, buildId }: BuildRecord, executionArn: string): Promise<BuildRecord> {
    const base = { TableName: this.#table, Key: buildKey(orgId, buildId), ReturnValues: 'ALL_NEW' } as const;
    const values = { ':arn': executionArn, ':now': this.now().toISOString() };
    const running = await this.#update({
      ...base,
      UpdateExpression: 'SET #status = :running, executionArn = :arn, updatedAt = :now',
      ConditionExpression: '#status = :pending',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ...values, ':running': 'running', ':pending': 'pending' },
    });
    if (running) return running;
    const noted = await this.#update({
      ...base,
      UpdateExpression: 'SET executionArn = :arn, updatedAt = :now',
      ConditionExpression: 'attribute_exists(PK)',
      ExpressionAttributeValues: values,
    });
    if (!noted) throw new Error(`build ${buildId} has vanished from its table`);
    return noted;
  }

  /** Undefined when the build has ended already, or is not there. */
  async finish(orgId: string, buildId: string, outcome: Outcome): Promise<BuildRecord | undefined> {
    const { status } = outcome;
    const [name, value] = status === 'completed' ? ['result', outcome.result] : ['error', outcome.error];
    const open = Object.fromEntries(openStatuses.map((one) => [`:${one}`, one]));
    return this.#update({
      TableName: this.#table,
      Key: buildKey(orgId, buildId),
      ReturnValues: 'ALL_NEW',
      UpdateExpression: `SET #status = :status, updatedAt = :now${value === undefined ? '' : ', #value = :value'}`,
      ConditionExpression: `#status IN (${Object.keys(open).join(', ')})`,
      ExpressionAttributeNames: { '#status': 'status', ...(value !== undefined && { '#value': name }) },
      ExpressionAttributeValues: {
        ...open,
        ':status': status,
        ':now': this.now().toISOString(),
        ...(value !== undefined && { ':value': value }),
      },
    });
  }

  /** Newest first. */
  async list(orgId: string, limit: number): Promise<BuildSummary[]> {
    const found: BuildSummary[] = [];
    let start: Record<string, unknown> | undefined;
    // DynamoDB reads 1 MB at a time, whatever it is asked to leave out.
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'PK = :org AND begins_with(SK, :build)',
        ExpressionAttributeNames: { '#status': 'status', '#request': 'request', '#error': 'error' },
        ExpressionAttributeValues: { ':org': buildsPartition(orgId), ':build': buildSortPrefix },
        ProjectionExpression:
          'buildId, #request, #status, userId, orgId, conversationId, #error, executionArn, createdAt, updatedAt',
        ScanIndexForward: false,
        Limit: limit - found.length,
        ExclusiveStartKey: start,
      });
      const { Items = [], LastEvaluatedKey } = await this.#client.send(command);
      found.push(...(Items as BuildSummary[]));
      start = LastEvaluatedKey;
    } while (start !== undefined && found.length < limit);
    return found;
  }

  async #createOnce(record: BuildRecord, { key, fingerprint }: Idempotency): Promise<BuildRecord | 'busy'> {
    const now = Math.floor(this.now().getTime() / 1_000);
    const itemKey = idempotencyItemKey(record.orgId, key);
    const item: IdempotencyItem = { buildId: record.buildId, fingerprint, expiresAt: now + IDEMPOTENCY_HOURS * 3_600 };
    const claim = {
      TableName: this.#table,
      Item: { ...itemKey, ...item },
      ConditionExpression: 'attribute_not_exists(PK) OR expiresAt <= :now',
      ExpressionAttributeValues: { ':now': now },
    };
    try {
      const TransactItems = [{ Put: claim }, { Put: this.#newItem(record) }];
      await this.#client.send(new TransactWriteCommand({ TransactItems }));
      return record;
    } catch (error) {
      if (faultName(error) !== 'TransactionCanceledException') throw error;
    }
    const earlier = await this.#read<IdempotencyItem>(itemKey);
    // Two at once may cancel each other.
    if (!earlier || earlier.expiresAt <= now) return 'busy';
    if (earlier.fingerprint !== fingerprint) {
      throw new FableError('CONFLICT', 'this idempotencyKey has been used with another request');
    }
    return (await this.get(record.orgId, earlier.buildId)) ?? 'busy';
  }

  #newItem(record: BuildRecord) {
    return { TableName: this.#table, Item: record, ConditionExpression: 'attribute_not_exists(PK)' };
  }

  async #read<Item>(key: Readonly<Record<string, string>>): Promise<Item | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: key, ConsistentRead: true }),
    );
    return Item as Item | undefined;
  }

  /** Undefined when its condition does not hold. */
  async #update(input: ConstructorParameters<typeof UpdateCommand>[0]): Promise<BuildRecord | undefined> {
    try {
      const { Attributes } = await this.#client.send(new UpdateCommand(input));
      return Attributes as BuildRecord | undefined;
    } catch (error) {
      if (faultName(error) === 'ConditionalCheckFailedException') return undefined;
      throw error;
    }
  }
}

/** Whether the status is one that a build can still leave. */
export const isOpen = (status: BuildStatus): boolean => (openStatuses as readonly BuildStatus[]).includes(status);
