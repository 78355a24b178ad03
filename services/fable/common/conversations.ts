/** Chat history in DynamoDB: one item a conversation, guarded by `revision`; the oldest messages go when it grows too large. */
import { GetCommand, PutCommand, UpdateCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { faultName } from '../../common/bedrock/faults';
import { FableError } from './errors';
import { conversationKey } from './keys';

/** An item of DynamoDB ends at 400 KB; the rest is for what is not messages, and for how it counts. */
export const MESSAGES_BYTES = 350 * 1024;
const TITLE_CHARACTERS = 80;
const WRITES = 8;

const messageSchema = z.object({
  role: z.enum(['user', 'assistant']),
  text: z.string(),
  /** ISO 8601, UTC. */
  at: z.string(),
});
export type ConversationMessage = z.output<typeof messageSchema>;

const conversationSchema = z.object({
  conversationId: z.string(),
  userId: z.string(),
  orgId: z.string(),
  title: z.string(),
  messages: z.array(messageSchema),
  /** Where to push what happens to this conversation's builds. */
  connectionId: z.optional(z.string()),
  revision: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Conversation = z.output<typeof conversationSchema>;

export interface ConversationOwner {
  readonly userId: string;
  readonly orgId: string;
}

export interface ConversationStoreOptions {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  /** @default - the clock */
  readonly now?: () => Date;
}

export class ConversationStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #now: () => Date;

  constructor({ client, table, now = () => new Date() }: ConversationStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#now = now;
  }

  /** Undefined, too, when the conversation is of another organisation. */
  async get({ userId, orgId }: ConversationOwner, conversationId: string): Promise<Conversation | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: conversationKey(userId, conversationId), ConsistentRead: true }),
    );
    if (Item === undefined) return undefined;
    const conversation = conversationSchema.parse(Item);
    return conversation.orgId === orgId ? conversation : undefined;
  }

  /** From now on this conversation's news go to this connection. */
  async attach(owner: ConversationOwner, conversationId: string, connectionId: string): Promise<void> {
    await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: conversationKey(owner.userId, conversationId),
        UpdateExpression: 'SET connectionId = :connection',
        ConditionExpression: 'attribute_exists(PK) AND orgId = :org',
        ExpressionAttributeValues: { ':connection': connectionId, ':org': owner.orgId },
      }),
    );
  }

  /** Makes the conversation when it is not there yet. Turns at the same time are all kept. */
  async append(
    owner: ConversationOwner,
    conversationId: string,
    connectionId: string,
    messages: readonly ConversationMessage[],
  ): Promise<Conversation> {
    for (let write = 1; ; write += 1) {
      const now = this.#now().toISOString();
      const current = await this.get(owner, conversationId);
      const next: Conversation = {
        conversationId,
        ...owner,
        title: current?.title || titleOf(messages),
        messages: trimmed([...(current?.messages ?? []), ...messages]),
        connectionId,
        revision: (current?.revision ?? 0) + 1,
        createdAt: current?.createdAt ?? now,
        updatedAt: now,
      };
      try {
        await this.#write(next, current?.revision);
        return next;
      } catch (error) {
        if (faultName(error) !== 'ConditionalCheckFailedException') throw error;
        if (write === WRITES) throw new FableError('CONFLICT', 'the conversation changes too fast', { cause: error });
        await delay(Math.random() * 15 * 2 ** write);
      }
    }
  }

  async #write(conversation: Conversation, expected: number | undefined): Promise<void> {
    const { userId, conversationId } = conversation;
    await this.#client.send(
      new PutCommand({
        TableName: this.#table,
        Item: { ...conversationKey(userId, conversationId), ...conversation },
        ...(expected === undefined
          ? { ConditionExpression: 'attribute_not_exists(PK)' }
          : { ConditionExpression: 'revision = :expected', ExpressionAttributeValues: { ':expected': expected } }),
      }),
    );
  }
}

const titleOf = (messages: readonly ConversationMessage[]): string =>
  [...(messages.find(({ role }) => role === 'user')?.text ?? '').trim().replace(/\s+/g, ' ')]
    .slice(0, TITLE_CHARACTERS)
    .join('');

/** The newest messages that fit, beginning with one of the user's: a model takes no other beginning. */
export function trimmed(messages: readonly ConversationMessage[], limit = MESSAGES_BYTES): ConversationMessage[] {
  let bytes = 0;
  let from = messages.length;
  while (from > 0) {
    bytes += sizeOf(messages[from - 1]!);
    if (bytes > limit) break;
    from -= 1;
  }
  while (from < messages.length && messages[from]!.role !== 'user') from += 1;
  return messages.slice(from);
}

/** As DynamoDB counts: text in UTF-8, names, and a few bytes for each value. */
const sizeOf = ({ role, text, at }: ConversationMessage): number =>
  Buffer.byteLength(text) + role.length + at.length + 'roletextat'.length + 10;
