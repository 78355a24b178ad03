/**
 * ConversationStore on DynamoDB. One item per conversation:
 * `pk` = `{tenant_id}#channel#{user_id}`, `sk` = `{session_id}`, `messages` = JSON text of `[{role, content, at}]`,
 * `updated_at` (ISO 8601, UTC), `ttl` (epoch seconds, 30 days after the last write), `revision` (number, counts writes),
 * `dropped` and `folded_through` (numbers; see `Conversation`).
 */
import {
  DeleteCommand,
  GetCommand,
  paginateQuery,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { appended, CONVERSATION_SECONDS } from '../../agent/conversation';
import { ThrottledError } from '../../../../common/bedrock/errors';
import { checkedId } from '../../agent/ids';
import type { Conversation, ConversationMessage, ConversationStore, ConversationSummary } from '../../agent/types';
import { faultName, isThrottling } from '../../../../common/bedrock/faults';

const WRITES = 8;

/** No tenant id has an underscore, so no conversation can have this key. */
const CHECK_KEY = { pk: '__check__', sk: '__check__' };

const messagesSchema = z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.string(), at: z.string() }));
const itemSchema = z.object({
  messages: z.string(),
  updated_at: z.string(),
  ttl: z.number(),
  revision: z.number().optional(),
  dropped: z.number().default(0),
  folded_through: z.number().default(0),
});
type Item = z.output<typeof itemSchema>;

export interface DynamoDBConversationStoreOptions {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  /** @default - the clock */
  readonly now?: () => Date;
}

export class DynamoDBConversationStore implements ConversationStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #tableName: string;
  readonly #now: () => Date;

  constructor({ client, tableName, now = () => new Date() }: DynamoDBConversationStoreOptions) {
    this.#client = client;
    this.#tableName = tableName;
    this.#now = now;
  }

  async load(tenantId: string, userId: string, sessionId: string): Promise<Conversation | undefined> {
    const item = await this.#read(keyOf(tenantId, userId, sessionId));
    return item && this.#alive(item) ? toConversation(sessionId, item) : undefined;
  }

  async append(
    tenantId: string,
    userId: string,
    sessionId: string,
    messages: readonly ConversationMessage[],
    { foldedThrough }: { readonly foldedThrough?: number } = {},
  ): Promise<Conversation> {
    const key = keyOf(tenantId, userId, sessionId);
    for (let write = 1; ; write += 1) {
      const item = await this.#read(key);
      const before = item && this.#alive(item) ? toConversation(sessionId, item) : undefined;
      const after = appended(before, messages, foldedThrough);
      const updatedAt = this.#now().toISOString();
      try {
        await this.#write(key, item, { ...after, updatedAt });
        return { sessionId, updatedAt, ...after };
      } catch (error) {
        if (faultName(error) !== 'ConditionalCheckFailedException') throw error;
        if (write === WRITES) throw new ThrottledError('too many messages at once in this conversation', error);
        await delay(Math.random() * 20 * 2 ** write);
      }
    }
  }

  async list(tenantId: string, userId: string): Promise<readonly ConversationSummary[]> {
    const { pk } = keyOf(tenantId, userId, 'x');
    const pages = paginateQuery(
      { client: this.#client },
      {
        TableName: this.#tableName,
        KeyConditionExpression: 'pk = :pk',
        FilterExpression: '#ttl > :now',
        ProjectionExpression: 'sk, updated_at',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':pk': pk, ':now': this.#seconds() },
        ConsistentRead: true,
      },
    );
    const summaries: ConversationSummary[] = [];
    for await (const { Items = [] } of pages) {
      for (const { sk, updated_at } of Items) summaries.push({ sessionId: String(sk), updatedAt: String(updated_at) });
    }
    return summaries;
  }

  async clear(tenantId: string, userId: string, sessionId: string): Promise<void> {
    const key = keyOf(tenantId, userId, sessionId);
    await this.#client.send(new DeleteCommand({ TableName: this.#tableName, Key: key }));
  }

  async check(signal?: AbortSignal): Promise<void> {
    const command = new GetCommand({ TableName: this.#tableName, Key: CHECK_KEY, ProjectionExpression: 'pk' });
    await this.#client.send(command, { abortSignal: signal });
  }

  async #read(key: Key): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: this.#tableName, Key: key, ConsistentRead: true });
    const { Item: item } = await this.#client.send(command).catch(rethrow);
    return item && itemSchema.parse(item);
  }

  /** Only on the item that was read: whoever was faster makes the condition fail. Other attributes stay as they are. */
  async #write(key: Key, read: Item | undefined, after: Written): Promise<void> {
    const condition = !read
      ? 'attribute_not_exists(pk)'
      : read.revision === undefined
        ? 'attribute_not_exists(revision) AND updated_at = :read'
        : 'revision = :read';
    const command = new UpdateCommand({
      TableName: this.#tableName,
      Key: key,
      UpdateExpression:
        'SET #messages = :messages, updated_at = :updated, #ttl = :ttl, revision = :revision, ' +
        'dropped = :dropped, folded_through = :folded',
      ConditionExpression: condition,
      ExpressionAttributeNames: { '#messages': 'messages', '#ttl': 'ttl' },
      ExpressionAttributeValues: {
        ':messages': JSON.stringify(after.messages),
        ':updated': after.updatedAt,
        ':ttl': this.#seconds() + CONVERSATION_SECONDS,
        ':revision': (read?.revision ?? 0) + 1,
        ':dropped': after.dropped,
        ':folded': after.foldedThrough,
        ...(read && { ':read': read.revision ?? read.updated_at }),
      },
    });
    await this.#client.send(command).catch(rethrow);
  }

  #seconds(): number {
    return Math.floor(this.#now().getTime() / 1000);
  }

  /** DynamoDB removes expired items only within days. */
  #alive({ ttl }: Item): boolean {
    return ttl > this.#seconds();
  }
}

interface Key {
  readonly pk: string;
  readonly sk: string;
}

type Written = Pick<Conversation, 'messages' | 'updatedAt' | 'dropped' | 'foldedThrough'>;

/** Exported for tests: no two triples of ids may share a key. */
export const keyOf = (tenantId: string, userId: string, sessionId: string): Key => ({
  pk: `${checkedId('tenant', tenantId)}#channel#${checkedId('user', userId)}`,
  sk: checkedId('session', sessionId),
});

const toConversation = (sessionId: string, item: Item): Conversation => ({
  sessionId,
  messages: messagesSchema.parse(JSON.parse(item.messages)),
  updatedAt: item.updated_at,
  dropped: item.dropped,
  foldedThrough: item.folded_through,
});

function rethrow(error: unknown): never {
  throw isThrottling(error) ? new ThrottledError('the conversations are busy; try again shortly', error) : error;
}
