/**
 * What was said in each session: one item a session in the sessions table, beside the story's own. Its key is not a
 * session's id and it has no attributes of the owner's index, so that no list of stories shows it.
 */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { ModelMessage } from '../../../common/bedrock/types';
import { faultName } from '../../../common/bedrock/faults';
import { conflict, sessionNotFound } from '../../common/errors';
import { conversationKey } from '../../common/session-store';

/** Kept; well below the 400 KB of an item, at four bytes a character. */
export const MAX_MESSAGES = 100;
export const MAX_CHARACTERS = 80_000;
/** Of these, what a model is given with each message. */
const CONTEXT_MESSAGES = 30;
const CONTEXT_CHARACTERS = 30_000;
/** After the last message. */
const EXPIRY_SECONDS = 90 * 24 * 3600;
const TRIES = 5;

const messageSchema = z.object({
  role: z.enum(['user', 'assistant']),
  content: z.string(),
  at: z.string(),
  /** Of an answer: the tools it came from. */
  tools: z.array(z.object({ name: z.string(), ok: z.boolean(), ms: z.number() })).optional(),
});

export type ConversationMessage = z.output<typeof messageSchema>;

const itemSchema = z.object({
  chat_owner: z.string(),
  chat_revision: z.int(),
  messages: z.array(messageSchema),
  chat_updated_at: z.string(),
});

export interface Conversation {
  readonly messages: readonly ConversationMessage[];
  readonly updatedAt: string;
}

export interface ConversationStoreOptions {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  /** @default - the clock */
  readonly now?: () => Date;
}

export class ConversationStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #tableName: string;
  readonly #now: () => Date;

  constructor({ client, tableName, now = () => new Date() }: ConversationStoreOptions) {
    this.#client = client;
    this.#tableName = tableName;
    this.#now = now;
  }

  /** Undefined when nothing has been said; somebody else's is as good as none, and rejects as such. */
  async load(sessionId: string, owner: string): Promise<Conversation | undefined> {
    const item = await this.#read(sessionId, owner);
    return item && { messages: item.messages, updatedAt: item.chat_updated_at };
  }

  /** Adds messages and keeps the newest within the limits; of two at once, both are kept. */
  async append(sessionId: string, owner: string, messages: readonly ConversationMessage[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const current = await this.#read(sessionId, owner);
      try {
        await this.#write(
          sessionId,
          owner,
          trimmed([...(current?.messages ?? []), ...messages]),
          current?.chat_revision,
        );
        return;
      } catch (error) {
        if (faultName(error) !== 'ConditionalCheckFailedException') throw error;
        if (attempt === TRIES) throw conflict('this conversation is going on elsewhere at the same time', error);
      }
    }
  }

  async #read(sessionId: string, owner: string) {
    const { Item } = await this.#client.send(
      new GetCommand({
        TableName: this.#tableName,
        Key: { session_id: conversationKey(sessionId) },
        ConsistentRead: true,
      }),
    );
    if (!Item) return undefined;
    const item = itemSchema.parse(Item);
    if (item.chat_owner !== owner) throw sessionNotFound(sessionId);
    return item;
  }

  async #write(
    sessionId: string,
    owner: string,
    messages: readonly ConversationMessage[],
    revision: number | undefined,
  ): Promise<void> {
    const now = this.#now();
    await this.#client.send(
      new PutCommand({
        TableName: this.#tableName,
        Item: {
          session_id: conversationKey(sessionId),
          chat_owner: owner,
          chat_revision: (revision ?? 0) + 1,
          chat_updated_at: now.toISOString(),
          messages,
          expires_at: Math.floor(now.getTime() / 1000) + EXPIRY_SECONDS,
        },
        ...(revision === undefined
          ? { ConditionExpression: 'attribute_not_exists(session_id)' }
          : {
              ConditionExpression: 'chat_revision = :revision AND chat_owner = :owner',
              ExpressionAttributeValues: { ':revision': revision, ':owner': owner },
            }),
      }),
    );
  }
}

/** The newest messages within the limits, beginning with a question. */
export function trimmed(
  messages: readonly ConversationMessage[],
  limits = { messages: MAX_MESSAGES, characters: MAX_CHARACTERS },
): readonly ConversationMessage[] {
  let first = messages.length;
  let characters = 0;
  while (first > 0 && messages.length - first < limits.messages) {
    characters += messages[first - 1]!.content.length;
    if (characters > limits.characters) break;
    first -= 1;
  }
  while (first < messages.length && messages[first]!.role !== 'user') first += 1;
  return messages.slice(first);
}

/** As a model wants it: taking turns, the new question last. */
export function toModelMessages(messages: readonly ConversationMessage[], question: string): readonly ModelMessage[] {
  const context = trimmed(messages, { messages: CONTEXT_MESSAGES, characters: CONTEXT_CHARACTERS });
  const turns: { role: 'user' | 'assistant'; texts: string[] }[] = [];
  for (const { role, content } of [...context, { role: 'user' as const, content: question }]) {
    const last = turns.at(-1);
    if (last?.role === role) last.texts.push(content);
    else turns.push({ role, texts: [content] });
  }
  return turns.map(({ role, texts }) => ({ role, content: [{ type: 'text', text: texts.join('\n\n') }] }));
}
