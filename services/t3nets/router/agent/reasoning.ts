/** From a question to an answer: which tier is asked what, and the rounds of tool calls in between. */
import { emptyAnswer } from '../../../common/bedrock/errors';
import { callTools, type Tool, type ToolRun } from '../../../common/bedrock/tool-calls';
import type { AIProvider, ModelMessage, ModelReply, ModelRequest, Usage } from '../../../common/bedrock/types';
import { routingInstruction, wordingPrompt, wordingRequest } from './prompts';
import type { Skill } from './skills';
import type { AgentLog, ModelTiers, SecretValues, Tenant } from './types';

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
  readonly #tools: readonly Tool[];
  readonly #runs: ToolRun[] = [];
  #inputTokens = 0;
  #outputTokens = 0;

  constructor(dependencies: ReasoningDependencies, question: Question) {
    this.#dependencies = dependencies;
    this.#question = question;
    const { toolMilliseconds: timeoutMilliseconds = TOOL_MILLISECONDS } = dependencies;
    this.#tools = question.offered.map(({ skill, secret }) => ({
      name: skill.name,
      description: skill.description,
      parameters: skill.parameters,
      owner: skill.integration,
      timeoutMilliseconds,
      run: (input, signal) => skill.handler.run({ input, secret, signal }),
    }));
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
    const { system } = this.#question;
    const onlyRoutes = round === 0 && models.conversation !== models.reasoning;
    return {
      modelId: models.reasoning,
      system: onlyRoutes ? `${system}\n${routingInstruction}` : system,
      messages,
      tools: this.#tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
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

  async #callTools(reply: ModelReply): Promise<readonly ModelMessage[]> {
    const { log } = this.#dependencies;
    const { messages, runs } = await callTools(reply, this.#tools, {
      signal: this.#question.signal,
      failed: (skill, error) => log.warn({ skill, error: error.message }, 'a skill failed'),
    });
    this.#runs.push(...runs);
    return messages;
  }
}
