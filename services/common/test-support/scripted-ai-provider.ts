/** A model that follows a script: each call takes the next reply, or asks the given function. For tests. */
import type { AIProvider, ModelEvent, ModelReply, ModelRequest } from '../bedrock/types';

export type ScriptedReply = Partial<ModelReply> | Error;
export type Script =
  readonly ScriptedReply[] | ((request: ModelRequest, call: number) => ScriptedReply | Promise<ScriptedReply>);

export class ScriptedAIProvider implements AIProvider {
  readonly requests: ModelRequest[] = [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  async converse(request: ModelRequest): Promise<ModelReply> {
    const call = this.requests.push(request) - 1;
    const reply = typeof this.#script === 'function' ? await this.#script(request, call) : this.#script[call];
    if (!reply) throw new Error(`the script has no reply for call ${call + 1}`);
    if (reply instanceof Error) throw reply;
    return {
      text: '',
      toolCalls: [],
      stopReason: reply.toolCalls?.length ? 'tool_use' : 'end_turn',
      usage: { inputTokens: 10, outputTokens: 5 },
      ...reply,
    };
  }

  async *converseStream(request: ModelRequest): AsyncIterable<ModelEvent> {
    const { text, toolCalls, stopReason, usage } = await this.converse(request);
    if (text !== '') yield { type: 'text', text };
    for (const call of toolCalls) yield { type: 'tool_call', call };
    yield { type: 'end', stopReason, usage };
  }
}
