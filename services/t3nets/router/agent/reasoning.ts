/** From a question to an answer: which tier is asked what, and the rounds of tool calls in between. */
import { emptyAnswer, IntegrationError } from './errors';
import { routingInstruction, wordingPrompt, wordingRequest, type ToolRun } from './prompts';
import type { Skill } from './skills';
import type {
  AgentLog,
  AIProvider,
  Json,
  MessagePart,
  ModelMessage,
  ModelReply,
  ModelRequest,
  ModelTiers,
  SecretValues,
  Tenant,
  ToolCall,
  Usage,
} from './types';

export const MAX_ROUNDS = 5;
const TOOL_MILLISECONDS = 10_000;
const ANSWER_TOKENS = 2_048;

export interface OfferedSkill {
  readonly skill: Skill;
  readonly secret: SecretValues;
}

export interface Question {
  readonly tenant: Tenant;
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly message: string;
  readonly offered: readonly OfferedSkill[];
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly text: string;
  readonly modelId: string;
  readonly toolsUsed: readonly string[];
  readonly usage: Usage;
}

export interface ReasoningDependencies {
  readonly ai: AIProvider;
  readonly models: ModelTiers;
  readonly log: AgentLog;
  /** @default 10000 */
  readonly toolMilliseconds?: number;
}

/** One question; a fresh object for each, as it counts tokens and keeps the results of tools. */
export class Reasoning {
  readonly #dependencies: ReasoningDependencies;
  readonly #question: Question;
  readonly #runs: ToolRun[] = [];
  #inputTokens = 0;
  #outputTokens = 0;

  constructor(dependencies: ReasoningDependencies, question: Question) {
    this.#dependencies = dependencies;
    this.#question = question;
  }

  async answer(): Promise<Answer> {
    const { models } = this.#dependencies;
    if (this.#question.offered.length === 0) return this.#converse();
    const messages: ModelMessage[] = [...this.#question.messages];
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const reply = await this.#ask(this.#routingRequest(messages, round));
      if (reply.toolCalls.length > 0) {
        messages.push(...(await this.#callTools(reply)));
      } else if (this.#runs.length > 0) {
        return models.formatting === models.reasoning && reply.text.trim() !== ''
          ? this.#answered(models.reasoning, reply)
          : this.#word(reply.text);
      } else {
        return models.conversation === models.reasoning ? this.#answered(models.reasoning, reply) : this.#converse();
      }
    }
    return this.#word('');
  }

  #routingRequest(messages: readonly ModelMessage[], round: number): Omit<ModelRequest, 'signal' | 'maxTokens'> {
    const { models } = this.#dependencies;
    const { system, offered } = this.#question;
    const onlyRoutes = round === 0 && models.conversation !== models.reasoning;
    return {
      modelId: models.reasoning,
      system: onlyRoutes ? `${system}\n${routingInstruction}` : system,
      messages,
      tools: offered.map(({ skill: { name, description, parameters } }) => ({ name, description, parameters })),
    };
  }

  async #converse(): Promise<Answer> {
    const modelId = this.#dependencies.models.conversation;
    const { system, messages } = this.#question;
    return this.#answered(modelId, await this.#ask({ modelId, system, messages }));
  }

  /** Without the tool blocks: a model that is given those must be given the tools too, and could call them again. */
  async #word(draft: string): Promise<Answer> {
    const modelId = this.#dependencies.models.formatting;
    const text = wordingRequest(this.#question.message, this.#runs, draft);
    const messages: ModelMessage[] = [{ role: 'user', content: [{ type: 'text', text }] }];
    return this.#answered(
      modelId,
      await this.#ask({ modelId, system: wordingPrompt(this.#question.tenant), messages }),
    );
  }

  async #ask(request: Omit<ModelRequest, 'signal' | 'maxTokens'>): Promise<ModelReply> {
    const { signal } = this.#question;
    signal.throwIfAborted();
    const reply = await this.#dependencies.ai.converse({ ...request, maxTokens: ANSWER_TOKENS, signal });
    this.#inputTokens += reply.usage.inputTokens;
    this.#outputTokens += reply.usage.outputTokens;
    return reply;
  }

  #answered(modelId: string, { text, stopReason }: ModelReply): Answer {
    if (text.trim() === '') throw emptyAnswer(stopReason);
    return {
      text: text.trim(),
      modelId,
      toolsUsed: [...new Set(this.#runs.map(({ name }) => name))],
      usage: { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens },
    };
  }

  async #callTools(reply: ModelReply): Promise<ModelMessage[]> {
    const results = await Promise.all(reply.toolCalls.map(async (call) => ({ call, ...(await this.#callTool(call)) })));
    this.#question.signal.throwIfAborted();
    for (const { call, result, isError, known } of results)
      if (known) this.#runs.push({ name: call.name, result, isError });
    const asked: MessagePart[] = reply.toolCalls.map((call) => ({ type: 'tool_call', ...call }));
    const text: MessagePart[] = reply.text.trim() === '' ? [] : [{ type: 'text', text: reply.text }];
    return [
      { role: 'assistant', content: [...text, ...asked] },
      {
        role: 'user',
        content: results.map(({ call, result, isError }) => ({ type: 'tool_result', id: call.id, result, isError })),
      },
    ];
  }

  /** Never rejects: what failed is told to the model, and by it to the user. */
  async #callTool(call: ToolCall): Promise<{ result: Json; isError: boolean; known: boolean }> {
    const offered = this.#question.offered.find(({ skill }) => skill.name === call.name);
    if (!offered) return { result: { error: `there is no tool "${call.name}"` }, isError: true, known: false };
    const { toolMilliseconds = TOOL_MILLISECONDS, log } = this.#dependencies;
    const limit = AbortSignal.timeout(toolMilliseconds);
    const signal = AbortSignal.any([this.#question.signal, limit]);
    try {
      const run = offered.skill.handler.run({ input: call.input, secret: offered.secret, signal });
      return { result: await abortable(run, signal), isError: false, known: true };
    } catch (error) {
      log.warn({ skill: call.name, error: (error as Error).message }, 'a skill failed');
      const message = limit.aborted
        ? `${offered.skill.integration} gave no answer within ${toolMilliseconds / 1000} seconds`
        : error instanceof IntegrationError
          ? error.message
          : `${offered.skill.integration} failed unexpectedly`;
      return { result: { error: message }, isError: true, known: true };
    }
  }
}

/** Settles no later than the signal, whether or not the work heeds it. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
    work.catch(() => undefined);
  }
}
