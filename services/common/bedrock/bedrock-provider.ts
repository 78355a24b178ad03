/** AIProvider on Bedrock's Converse API. IAM credentials only: there is no key to keep. */
import {
  ConverseCommand,
  ConverseStreamCommand,
  type BedrockRuntimeClient,
  type ContentBlock,
  type ConverseCommandInput,
  type ConverseStreamOutput,
  type Message,
  type ToolResultContentBlock,
} from '@aws-sdk/client-bedrock-runtime';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { ModelError, ThrottledError } from './errors';
import type {
  AIProvider,
  Json,
  JsonObject,
  MessagePart,
  ModelEvent,
  ModelReply,
  ModelRequest,
  ToolCall,
  ToolDefinition,
  Usage,
} from './types';
import { faultName, isThrottling, isTransient } from './faults';

type Document = ToolResultContentBlock.JsonMember['json'];

const TRIES = 3;

export interface BedrockProviderOptions {
  /**
   * Of the first repetition; the second waits about twice as long, both with jitter.
   * @default 400
   */
  readonly backoffMilliseconds?: number;
}

export class BedrockProvider implements AIProvider {
  readonly #client: BedrockRuntimeClient;
  readonly #backoff: number;

  /** The client must not retry by itself (`maxAttempts: 1`): three tries are ours, and nine are too many. */
  constructor(client: BedrockRuntimeClient, options: BedrockProviderOptions = {}) {
    this.#client = client;
    this.#backoff = options.backoffMilliseconds ?? 400;
  }

  async converse(request: ModelRequest): Promise<ModelReply> {
    const names = new ToolNames(request.tools ?? []);
    const command = new ConverseCommand(toInput(request, names));
    const output = await this.#send(request, (abortSignal) => this.#client.send(command, { abortSignal }));
    const text: string[] = [];
    const toolCalls: ToolCall[] = [];
    for (const block of output.output?.message?.content ?? []) {
      if (block.text !== undefined) text.push(block.text);
      else if (block.toolUse) {
        const { toolUseId = '', name = '', input } = block.toolUse;
        toolCalls.push({ id: toolUseId, name: names.ours(name), input: asObject(input) });
      }
    }
    return {
      text: text.join(''),
      toolCalls,
      stopReason: output.stopReason ?? 'unknown',
      usage: toUsage(output.usage),
    };
  }

  async *converseStream(request: ModelRequest): AsyncIterable<ModelEvent> {
    const names = new ToolNames(request.tools ?? []);
    const command = new ConverseStreamCommand(toInput(request, names));
    const { stream } = await this.#send(request, (abortSignal) => this.#client.send(command, { abortSignal }));
    if (!stream) throw new ModelError('the model sent no stream');
    try {
      yield* readStream(stream, names);
    } catch (error) {
      throw this.#translate(error, request);
    }
  }

  async #send<T>(request: ModelRequest, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    const policy = retry(
      handleWhen((error) => !request.signal?.aborted && (isThrottling(error) || isTransient(error))),
      { maxAttempts: TRIES - 1, backoff: new ExponentialBackoff({ initialDelay: this.#backoff, maxDelay: 3_000 }) },
    );
    try {
      return await policy.execute(() => work(request.signal));
    } catch (error) {
      throw this.#translate(error, request);
    }
  }

  /** The fault's name helps whoever reads the answer; its message can hold ARNs and stays in the log, as the cause. */
  #translate(error: unknown, { signal }: ModelRequest): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof ModelError) return error;
    if (isThrottling(error)) return new ThrottledError('the model is busy; try again shortly', error);
    return new ModelError(`the model request failed (${faultName(error)})`, error);
  }
}

/** Converse allows letters, digits, `_` and `-` in a tool's name; ours have dots. */
export class ToolNames {
  readonly #toWire = new Map<string, string>();
  readonly #toOurs = new Map<string, string>();

  constructor(tools: readonly Pick<ToolDefinition, 'name'>[]) {
    for (const { name } of tools) {
      const base = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 60);
      let wire = base;
      for (let count = 2; this.#toOurs.has(wire); count += 1) wire = `${base}_${count}`;
      this.#toWire.set(name, wire);
      this.#toOurs.set(wire, name);
    }
  }

  wire(name: string): string {
    return this.#toWire.get(name) ?? (name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || '_');
  }

  ours(name: string): string {
    return this.#toOurs.get(name) ?? name;
  }
}

function toInput(request: ModelRequest, names: ToolNames): ConverseCommandInput {
  const { modelId, system, messages, tools = [], maxTokens } = request;
  return {
    modelId,
    ...(system !== '' && { system: [{ text: system }] }),
    messages: messages.map(({ role, content }): Message => ({
      role,
      content: content.map((part) => toBlock(part, names)),
    })),
    inferenceConfig: { maxTokens },
    ...(tools.length > 0 && {
      toolConfig: {
        tools: tools.map(({ name, description, parameters }) => ({
          toolSpec: { name: names.wire(name), description, inputSchema: { json: parameters as Document } },
        })),
      },
    }),
  };
}

function toBlock(part: MessagePart, names: ToolNames): ContentBlock {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'tool_call':
      return { toolUse: { toolUseId: part.id, name: names.wire(part.name), input: part.input as Document } };
    case 'tool_result':
      return {
        toolResult: {
          toolUseId: part.id,
          content: [resultBlock(part.result)],
          status: part.isError ? 'error' : 'success',
        },
      };
  }
}

/** Some models take nothing but an object as JSON. */
const resultBlock = (result: Json): ToolResultContentBlock =>
  typeof result === 'object' && result !== null && !Array.isArray(result)
    ? { json: result as Document }
    : { text: typeof result === 'string' ? result : JSON.stringify(result) };

const asObject = (input: unknown): JsonObject =>
  typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as JsonObject) : {};

const toUsage = (usage: { inputTokens?: number; outputTokens?: number } | undefined): Usage => ({
  inputTokens: usage?.inputTokens ?? 0,
  outputTokens: usage?.outputTokens ?? 0,
});

async function* readStream(stream: AsyncIterable<ConverseStreamOutput>, names: ToolNames): AsyncIterable<ModelEvent> {
  let tool: { id: string; name: string; json: string } | undefined;
  let stopReason = 'unknown';
  let usage: Usage = { inputTokens: 0, outputTokens: 0 };
  for await (const event of stream) {
    if (event.contentBlockStart?.start?.toolUse) {
      const { toolUseId = '', name = '' } = event.contentBlockStart.start.toolUse;
      tool = { id: toolUseId, name: names.ours(name), json: '' };
    } else if (event.contentBlockDelta?.delta) {
      const { text, toolUse } = event.contentBlockDelta.delta;
      if (text) yield { type: 'text', text };
      if (toolUse && tool) tool.json += toolUse.input ?? '';
    } else if (event.contentBlockStop && tool) {
      yield { type: 'tool_call', call: { id: tool.id, name: tool.name, input: parseInput(tool.json) } };
      tool = undefined;
    } else if (event.messageStop) {
      stopReason = event.messageStop.stopReason ?? 'unknown';
    } else if (event.metadata) {
      usage = toUsage(event.metadata.usage);
    }
  }
  yield { type: 'end', stopReason, usage };
}

function parseInput(json: string): JsonObject {
  try {
    return json === '' ? {} : asObject(JSON.parse(json));
  } catch (error) {
    throw new ModelError('the model called a tool with input that is not JSON', error);
  }
}
