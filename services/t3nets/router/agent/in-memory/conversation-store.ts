/** Conversations in a map, with the same limits and expiry as the real store. For tests. */
import { appended, CONVERSATION_SECONDS } from '../conversation';
import { checkedId } from '../ids';
import type { Conversation, ConversationMessage, ConversationStore, ConversationSummary } from '../types';

export class InMemoryConversationStore implements ConversationStore {
  readonly #items = new Map<string, Map<string, Conversation>>();
  readonly #now: () => Date;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  #partition(tenantId: string, userId: string): Map<string, Conversation> {
    const key = `${checkedId('tenant', tenantId)}#channel#${checkedId('user', userId)}`;
    const partition = this.#items.get(key) ?? new Map<string, Conversation>();
    this.#items.set(key, partition);
    return partition;
  }

  async load(tenantId: string, userId: string, sessionId: string): Promise<Conversation | undefined> {
    const item = this.#partition(tenantId, userId).get(checkedId('session', sessionId));
    return item && this.#alive(item) ? item : undefined;
  }

  async append(
    tenantId: string,
    userId: string,
    sessionId: string,
    messages: readonly ConversationMessage[],
    { foldedThrough }: { readonly foldedThrough?: number } = {},
  ): Promise<Conversation> {
    const before = await this.load(tenantId, userId, sessionId);
    const updatedAt = this.#now().toISOString();
    const conversation = { sessionId, updatedAt, ...appended(before, messages, foldedThrough) };
    this.#partition(tenantId, userId).set(sessionId, conversation);
    return conversation;
  }

  async list(tenantId: string, userId: string): Promise<readonly ConversationSummary[]> {
    return [...this.#partition(tenantId, userId).values()]
      .filter((item) => this.#alive(item))
      .map(({ sessionId, updatedAt }) => ({ sessionId, updatedAt }));
  }

  async clear(tenantId: string, userId: string, sessionId: string): Promise<void> {
    this.#partition(tenantId, userId).delete(checkedId('session', sessionId));
  }

  async check(): Promise<void> {}

  #alive({ updatedAt }: Conversation): boolean {
    return Date.parse(updatedAt) + CONVERSATION_SECONDS * 1000 > this.#now().getTime();
  }
}
