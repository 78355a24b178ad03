/** Runs the tools that a model asked for, side by side and each within its time; what failed is told to the model. */
import { abortable } from '../abortable';
import { ToolError } from './errors';
import type { Json, JsonObject, MessagePart, ModelMessage, ModelReply, ToolCall, ToolDefinition } from './types';

export interface Tool extends ToolDefinition {
  /** Who is to blame when it fails: "Jira", "the search engine". */
  readonly owner: string;
  readonly timeoutMilliseconds: number;
  /** Rejects with `ToolError` when the model should know what was wrong; of other errors it is told only that there was one. */
  readonly run: (input: JsonObject, signal: AbortSignal) => Promise<Json>;
}

export interface ToolRun {
  readonly name: string;
  readonly result: Json;
  readonly isError: boolean;
  readonly milliseconds: number;
}

/** For a model that is asked to word an answer without being shown the calls themselves. */
export const runsAsText = (runs: readonly Pick<ToolRun, 'name' | 'result' | 'isError'>[]): string =>
  runs
    .map(({ name, result, isError }) => `- ${name}${isError ? ' (failed)' : ''}: ${JSON.stringify(result)}`)
    .join('\n');

export interface ToolCallOptions {
  readonly signal: AbortSignal;
  /** Told of each failure, with the error that the model does not get to see. */
  readonly failed: (name: string, error: Error) => void;
  /** @default - nobody is told */
  readonly finished?: (run: ToolRun) => void;
}

export interface ToolRound {
  /** To be added to the conversation: what was asked, and the results. */
  readonly messages: readonly [ModelMessage, ModelMessage];
  /** Of tools that there are, in the order asked. */
  readonly runs: readonly ToolRun[];
}

/** Rejects only when the signal aborts. */
export async function callTools(
  reply: Pick<ModelReply, 'text' | 'toolCalls'>,
  tools: readonly Tool[],
  options: ToolCallOptions,
): Promise<ToolRound> {
  const outcomes = await Promise.all(
    reply.toolCalls.map(async (call) => {
      const tool = tools.find(({ name }) => name === call.name);
      if (!tool) return { call, known: false, run: unknownTool(call) };
      const run = await callTool(call, tool, options);
      options.finished?.(run);
      return { call, known: true, run };
    }),
  );
  options.signal.throwIfAborted();
  const text: MessagePart[] = reply.text.trim() === '' ? [] : [{ type: 'text', text: reply.text }];
  const asked = reply.toolCalls.map((call): MessagePart => ({ type: 'tool_call', ...call }));
  const results = outcomes.map(({ call, run: { result, isError } }): MessagePart => ({
    type: 'tool_result',
    id: call.id,
    result,
    isError,
  }));
  return {
    messages: [
      { role: 'assistant', content: [...text, ...asked] },
      { role: 'user', content: results },
    ],
    runs: outcomes.filter(({ known }) => known).map(({ run }) => run),
  };
}

const unknownTool = ({ name }: ToolCall): ToolRun => ({
  name,
  result: { error: `there is no tool "${name}"` },
  isError: true,
  milliseconds: 0,
});

async function callTool({ name, input }: ToolCall, tool: Tool, options: ToolCallOptions): Promise<ToolRun> {
  const limit = AbortSignal.timeout(tool.timeoutMilliseconds);
  const signal = AbortSignal.any([options.signal, limit]);
  const start = performance.now();
  const ended = (result: Json, isError: boolean): ToolRun => ({
    name,
    result,
    isError,
    milliseconds: Math.round(performance.now() - start),
  });
  try {
    return ended(await abortable(tool.run(input, signal), signal), false);
  } catch (error) {
    options.failed(name, error as Error);
    const message = limit.aborted
      ? `${tool.owner} gave no answer within ${tool.timeoutMilliseconds / 1000} seconds`
      : error instanceof ToolError
        ? error.message
        : `${tool.owner} failed unexpectedly`;
    return ended({ error: message }, true);
  }
}
