/** Asks a model for a JSON object: reads it out of whatever comes, and asks once more when it does not fit. */
import * as z from 'zod/mini';
import { emptyAnswer } from '../../common/bedrock/errors';
import type { AIProvider, ModelMessage, ModelReply } from '../../common/bedrock/types';
import type { TokenUsage } from '../common/schemas';

export interface Question<Schema extends z.core.$ZodType> {
  readonly system: string;
  readonly prompt: string;
  readonly schema: Schema;
  /** What is wrong with an answer of the right form; such an answer is still better than none. */
  readonly complaint?: (value: z.output<Schema>) => string | undefined;
  readonly maxTokens: number;
  readonly signal: AbortSignal;
}

export interface Reply<Value> {
  /** Undefined when both answers had no such object in them. */
  readonly value: Value | undefined;
  /** The last answer that was not blank, as it came. */
  readonly text: string;
  readonly usage: TokenUsage;
}

export interface Model {
  readonly ai: Pick<AIProvider, 'converse'>;
  readonly modelId: string;
}

export const noUsage: TokenUsage = { input_tokens: 0, output_tokens: 0 };

export const addUsage = (a: TokenUsage | null, b: TokenUsage): TokenUsage => ({
  input_tokens: (a?.input_tokens ?? 0) + b.input_tokens,
  output_tokens: (a?.output_tokens ?? 0) + b.output_tokens,
});

/** @throws ModelError and ThrottledError of the first try; the reason of the signal. */
export async function ask<Schema extends z.core.$ZodType>(
  { ai, modelId }: Model,
  question: Question<Schema>,
): Promise<Reply<z.output<Schema>>> {
  const { system, maxTokens, signal } = question;
  const send = (messages: readonly ModelMessage[]) => ai.converse({ modelId, system, messages, maxTokens, signal });
  const asked: ModelMessage = { role: 'user', content: [{ type: 'text', text: question.prompt }] };
  const first = await send([asked]);
  const before = judge(question, first.text);
  if (before.problem === undefined) return { value: before.value, text: first.text, usage: usageOf(first) };

  const second = await send([asked, ...repair(first.text, before.problem)]).catch((error: unknown) => {
    signal.throwIfAborted();
    // There is something to work with already.
    if (first.text.trim() !== '') return undefined;
    throw error;
  });
  const after = second && judge(question, second.text);
  const text = second && second.text.trim() !== '' ? second.text : first.text;
  if (text.trim() === '') throw emptyAnswer(second?.stopReason ?? first.stopReason);
  return {
    value: after?.value ?? before.value,
    text,
    usage: second ? addUsage(usageOf(first), usageOf(second)) : usageOf(first),
  };
}

const usageOf = ({ usage }: ModelReply): TokenUsage => ({
  input_tokens: usage.inputTokens,
  output_tokens: usage.outputTokens,
});

const repair = (text: string, problem: string): ModelMessage[] => [
  { role: 'assistant', content: [{ type: 'text', text: text.trim() === '' ? '(nothing)' : text }] },
  {
    role: 'user',
    content: [
      { type: 'text', text: `This cannot be used: ${problem}. Send the whole JSON object again, and nothing else.` },
    ],
  },
];

interface Judgement<Value> {
  readonly value: Value | undefined;
  readonly problem: string | undefined;
}

function judge<Schema extends z.core.$ZodType>(
  { schema, complaint }: Question<Schema>,
  text: string,
): Judgement<z.output<Schema>> {
  const found = findObject(text);
  if (found === undefined) return { value: undefined, problem: 'it is not a JSON object' };
  const result = z.safeParse(schema, found);
  if (result.success) return { value: result.data, problem: complaint?.(result.data) };
  const problems = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'object'}: ${message}`);
  return { value: undefined, problem: problems.join('; ') };
}

/** The JSON object in a text: alone, in a code block, or between other words. */
export function findObject(text: string): object | undefined {
  const trimmed = text.trim();
  const fenced = /```(?:json)?\s*([\s\S]*?)```/i.exec(trimmed)?.[1];
  const braces = trimmed.slice(trimmed.indexOf('{'), trimmed.lastIndexOf('}') + 1);
  for (const candidate of [trimmed, fenced, braces]) {
    if (candidate === undefined || candidate === '') continue;
    try {
      const value: unknown = JSON.parse(candidate);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    } catch {
      // The next candidate.
    }
  }
  return undefined;
}
