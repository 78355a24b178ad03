/** How much of a conversation is kept, folded into memory and shown to a model: pure functions, shared with the stores. */
import type { ModelMessage } from '../../../common/bedrock/types';
import type { Conversation, ConversationMessage } from './types';

export const MAX_MESSAGES = 100;

/** Of JSON text in UTF-8. A DynamoDB item ends at 409,600 bytes; the rest is for keys and other attributes. */
export const MAX_CONVERSATION_BYTES = 380_000;

/** 30 days after the last write a conversation is gone. */
export const CONVERSATION_SECONDS = 2_592_000;

/** Messages are folded in batches, ahead of being dropped: one summary for ten turns, not one for each. */
const FOLD_BATCH = 20;

/** What a model is shown of a long conversation, in characters, newest first. */
const HISTORY_CHARACTERS = 120_000;

/** An answer's size is unknown while folding is planned; 4,096 tokens do not exceed this. */
const ANSWER_RESERVE = 'x'.repeat(20_000);

const byteLength = (message: ConversationMessage) => Buffer.byteLength(JSON.stringify(message)) + 1;

/** How many of the oldest messages have to go to keep within both limits. */
export function overflow(messages: readonly ConversationMessage[]): number {
  let bytes = 2;
  let kept = 0;
  for (let index = messages.length - 1; index >= 0 && kept < MAX_MESSAGES; index -= 1) {
    bytes += byteLength(messages[index]!);
    if (bytes > MAX_CONVERSATION_BYTES) break;
    kept += 1;
  }
  return messages.length - kept;
}

export interface Appended {
  readonly messages: readonly ConversationMessage[];
  readonly dropped: number;
  readonly foldedThrough: number;
}

/** The state of a conversation after an append; what a store has to write. */
export function appended(
  before: Pick<Conversation, 'messages' | 'dropped' | 'foldedThrough'> | undefined,
  added: readonly ConversationMessage[],
  foldedThrough = 0,
): Appended {
  const all = [...(before?.messages ?? []), ...added];
  const gone = overflow(all);
  return {
    messages: all.slice(gone),
    dropped: (before?.dropped ?? 0) + gone,
    foldedThrough: Math.max(before?.foldedThrough ?? 0, foldedThrough),
  };
}

export interface FoldPlan {
  readonly messages: readonly ConversationMessage[];
  readonly foldedThrough: number;
}

/** The oldest messages that must be summed up before this turn drops them, with some to come; undefined when none must. */
export function planFold(conversation: Conversation | undefined, message: ConversationMessage): FoldPlan | undefined {
  if (!conversation) return undefined;
  const { messages, dropped } = conversation;
  const answer: ConversationMessage = { role: 'assistant', content: ANSWER_RESERVE, at: message.at };
  const going = Math.min(overflow([...messages, message, answer]), messages.length);
  const done = Math.max(conversation.foldedThrough - dropped, 0);
  if (going <= done) return undefined;
  const end = Math.min(done + Math.max(FOLD_BATCH, going - done), messages.length);
  return { messages: messages.slice(done, end), foldedThrough: dropped + end };
}

/**
 * History as a model wants it: user first, roles in turn, no blank text. Concurrent requests of one session can leave two
 * questions in a row, and a trimmed conversation can start with an answer.
 */
export function toModelMessages(history: readonly ConversationMessage[], message: string): ModelMessage[] {
  let characters = message.length;
  let start = history.length;
  while (start > 0 && characters + history[start - 1]!.content.length <= HISTORY_CHARACTERS) {
    start -= 1;
    characters += history[start]!.content.length;
  }
  const turns: { role: 'user' | 'assistant'; texts: string[] }[] = [];
  for (const { role, content } of [...history.slice(start), { role: 'user' as const, content: message }]) {
    if (content.trim() === '') continue;
    const last = turns.at(-1);
    if (last?.role === role) last.texts.push(content);
    else if (last || role === 'user') turns.push({ role, texts: [content] });
  }
  return turns.map(({ role, texts }) => ({ role, content: [{ type: 'text', text: texts.join('\n\n') }] }));
}
