/** The agent: one message of one author in, one answer out, with the conversation kept. Knows no HTTP. */
import { randomUUID } from 'node:crypto';
import type { AIProvider } from '../../../common/bedrock/types';
import type { ToolRun } from '../../../common/bedrock/tool-calls';
import { StoryError, sessionNotFound } from '../../common/errors';
import type { StoryObjects } from '../../common/objects';
import type { Session } from '../../common/schemas';
import type { SessionStore } from '../../common/session-store';
import { sessionView } from '../../common/views';
import type { Caller } from '../http/identity';
import type { AgentTool } from '../tools/tool';
import { Chat, type ChatEvent } from './chat';
import { toModelMessages, type ConversationMessage, type ConversationStore } from './conversation';
import { systemPrompt } from './prompt';
import { Turn } from './turn';

export interface AgentDependencies {
  readonly ai: AIProvider;
  readonly modelId: string;
  readonly conversations: ConversationStore;
  readonly sessions: Pick<SessionStore, 'find' | 'create' | 'now'>;
  readonly objects: Pick<StoryObjects, 'url'>;
  readonly tools: readonly AgentTool[];
}

export interface ChatRequest {
  readonly caller: Caller;
  readonly message: string;
  /** @default - a new one */
  readonly sessionId?: string;
  readonly signal: AbortSignal;
  /** Told what happens while it happens. @default - nobody is, and the model's answer is waited for as a whole */
  readonly emit?: (event: ChatEvent) => void;
  /** Where an operator looks; the error stays out of the answer. */
  readonly warn: (fields: Readonly<Record<string, unknown>>, error: unknown, text: string) => void;
  /** Told at once which session it is, and after each round what has been used: for a message that fails, too. */
  readonly facts?: (facts: { session_id: string; tools?: readonly ToolUse[]; tokens?: number }) => void;
}

export interface ToolUse {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
}

export interface ChatResult {
  readonly session_id: string;
  readonly reply: string;
  readonly tools_used: readonly ToolUse[];
  /** Of the session whose story was made or changed. */
  readonly story?: Session;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}

export interface ConversationState {
  readonly session_id: string;
  readonly messages: readonly ConversationMessage[];
  readonly story: Session | null;
}

export const toolUse = ({ name, isError, milliseconds }: ToolRun): ToolUse => ({
  name,
  ok: !isError,
  ms: milliseconds,
});

export class Agent {
  readonly #dependencies: AgentDependencies;

  constructor(dependencies: AgentDependencies) {
    this.#dependencies = dependencies;
  }

  async chat(request: ChatRequest): Promise<ChatResult> {
    const { ai, modelId, conversations, sessions, tools } = this.#dependencies;
    const { caller, message, signal, emit, warn } = request;
    const sessionId = request.sessionId ?? randomUUID();
    request.facts?.({ session_id: sessionId });
    const { messages, story } = await this.#known(caller, request.sessionId);
    const asked: ConversationMessage = { role: 'user', content: message, at: sessions.now().toISOString() };
    const turn = new Turn({ caller, sessionId, hasStory: story !== undefined, sessions });
    const chat = new Chat(
      { ai, modelId, emit, toolFailed: (tool, error) => warn({ tool, session_id: sessionId }, error, 'a tool failed') },
      {
        system: systemPrompt({ sessionId, story, today: asked.at.slice(0, 10) }),
        messages: toModelMessages(messages, message),
        tools: tools.map((tool) => tool.bind(turn)),
        signal,
      },
    );
    try {
      const { text, runs, usage } = await chat.answer();
      const tools_used = runs.map(toolUse);
      const said: ConversationMessage = {
        role: 'assistant',
        content: text,
        at: sessions.now().toISOString(),
        ...(tools_used.length > 0 && { tools: tools_used }),
      };
      await conversations.append(sessionId, turn.owner, [asked, said]);
      const changed = await this.#changedStory(turn, warn);
      return {
        session_id: sessionId,
        reply: text,
        tools_used,
        ...(changed && { story: changed }),
        usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens },
      };
    } finally {
      const { inputTokens, outputTokens } = chat.usage;
      const used = chat.runs.map(toolUse);
      request.facts?.({ session_id: sessionId, tools: used, tokens: inputTokens + outputTokens });
    }
  }

  /** @throws StoryError `session_not_found` when there is neither a conversation nor a story, or they are somebody else's. */
  async session(caller: Caller, sessionId: string): Promise<ConversationState> {
    const { messages, story } = await this.#known(caller, sessionId);
    return {
      session_id: sessionId,
      messages,
      story: story ? await sessionView(story, this.#dependencies.objects) : null,
    };
  }

  async #known({ principal: { sub } }: Caller, sessionId: string | undefined) {
    if (sessionId === undefined) return { messages: [], story: undefined };
    const { conversations, sessions } = this.#dependencies;
    const [conversation, story] = await Promise.all([
      conversations.load(sessionId, sub),
      sessions.find(sessionId, sub),
    ]);
    if (!conversation && !story) throw sessionNotFound(sessionId);
    return { messages: conversation?.messages ?? [], story };
  }

  /** The answer is there by now: a story that cannot be read again does not spoil it. */
  async #changedStory(turn: Turn, warn: ChatRequest['warn']): Promise<Session | undefined> {
    const { sessions, objects } = this.#dependencies;
    if (turn.changed === undefined) return undefined;
    try {
      const story = await sessions.find(turn.changed, turn.owner);
      return story && (await sessionView(story, objects));
    } catch (error) {
      if (error instanceof StoryError && error.code === 'session_not_found') return undefined;
      warn({ session_id: turn.changed }, error, 'the changed story cannot be read');
      return undefined;
    }
  }
}
