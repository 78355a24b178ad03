/** One message: loads what belongs to it, streams the model's answer, starts builds that the model asks for, stores both turns. */
import { abortable } from '../../common/abortable';
import { emptyAnswer, ToolError } from '../../common/bedrock/errors';
import { callTools, type Tool } from '../../common/bedrock/tool-calls';
import type { AIProvider, ToolCall } from '../../common/bedrock/types';
import { errorFields, type Logger } from '../../common/logger';
import type { Connection } from '../common/connections';
import type { ConversationMessage, ConversationStore } from '../common/conversations';
import type { Embed } from '../common/embeddings';
import { FableError } from '../common/errors';
import type { Frame } from '../common/frames';
import type { Kickoff } from '../common/functions';
import { uuidV7 } from '../common/ids';
import type { FoundMemory, MemoryStore } from '../common/memories';
import { Deltas } from './deltas';
import { startBuild, streamPatiently, systemPrompt, toModelMessages } from './model';
import type { RequestOf } from './requests';

const MEMORIES = 5;
const MEMORY_MILLISECONDS = 4_000;
const TOOL_MILLISECONDS = 12_000;
const ANSWER_TOKENS = 2_048;
/** Answers of the model to one message: one that starts a build, one that tells of it, and one to spare. */
const ROUNDS = 3;

export interface ChatOptions {
  readonly ai: Pick<AIProvider, 'converseStream'>;
  readonly modelId: string;
  readonly embed: Embed;
  readonly memories: Pick<MemoryStore, 'search'>;
  readonly conversations: Pick<ConversationStore, 'get' | 'attach' | 'append'>;
  readonly kickoff: Pick<Kickoff, 'call'>;
  /** @default - the clock */
  readonly now?: () => Date;
}

/** One frame's surroundings. */
export interface Scene {
  readonly connection: Connection;
  readonly logger: Logger;
  /** Ends the work in time for an answer. */
  readonly signal: AbortSignal;
  readonly send: (frame: Frame) => Promise<unknown>;
}

export const conversationNotFound = (conversationId: string) =>
  new FableError('NOT_FOUND', `there is no conversation ${conversationId}`);

export async function answerMessage(
  options: ChatOptions,
  scene: Scene,
  { message, conversationId: given }: RequestOf<'message'>,
): Promise<void> {
  const { connection, signal, send } = scene;
  const [history, memories] = await Promise.all([
    historyOf(options, connection, given),
    nearestMemories(options, scene, message),
  ]);
  const conversationId = given ?? uuidV7();
  await send({ type: 'message_start', conversationId });

  const turns = new Turns(options, connection, conversationId, message);
  const tool = buildTool(options, scene, conversationId, turns);
  const deltas = new Deltas(send, conversationId);
  const messages = toModelMessages(history, message);
  let answer = '';
  let stopReason = 'unknown';
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      let text = '';
      const toolCalls: ToolCall[] = [];
      const request = {
        modelId: options.modelId,
        system: systemPrompt(memories),
        messages,
        tools: [startBuild],
        maxTokens: ANSWER_TOKENS,
        signal,
      };
      for await (const event of streamPatiently(options.ai, request)) {
        if (event.type === 'text') {
          const piece = text === '' && answer !== '' ? `\n\n${event.text}` : event.text;
          text += event.text;
          answer += piece;
          deltas.add(piece);
        } else if (event.type === 'tool_call') toolCalls.push(event.call);
        else ({ stopReason } = event);
      }
      if (toolCalls.length === 0) break;
      const called = await callTools({ text, toolCalls }, [tool], {
        signal,
        failed: (name, error) => scene.logger.warn({ tool: name, ...errorFields(error) }, 'tool failed'),
      });
      messages.push(...called.messages);
    }
  } catch (error) {
    // What there is of an answer when the time is up is worth keeping.
    if (!signal.aborted || answer === '') throw error;
    stopReason = 'timeout';
  }
  if (answer.trim() === '') throw emptyAnswer(stopReason);
  await deltas.flushed();
  await turns.store(answer);
  await send({ type: 'message_end', conversationId, stopReason });
}

export async function historyOf(
  { conversations }: Pick<ChatOptions, 'conversations'>,
  connection: Connection,
  conversationId: string | undefined,
): Promise<readonly ConversationMessage[]> {
  if (conversationId === undefined) return [];
  const conversation = await conversations.get(ownerOf(connection), conversationId);
  if (!conversation) throw conversationNotFound(conversationId);
  return conversation.messages;
}

export const ownerOf = ({ userId, orgId }: Connection) => ({ userId, orgId });

/** An answer without memories is better than none: the log tells why there were none. */
async function nearestMemories(
  { embed, memories }: ChatOptions,
  { connection, logger, signal }: Scene,
  message: string,
): Promise<readonly FoundMemory[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(MEMORY_MILLISECONDS)]);
  const search = async () =>
    memories.search(ownerOf(connection), { embedding: await embed(message, limit), limit: MEMORIES });
  try {
    return await abortable(search(), limit);
  } catch (error) {
    signal.throwIfAborted();
    logger.warn(errorFields(error), 'no memories');
    return [];
  }
}

/** The user's turn is stored before a build starts: the build's end is pushed to where the conversation says. */
export class Turns {
  #userStored = false;

  constructor(
    private readonly options: Pick<ChatOptions, 'conversations' | 'now'>,
    private readonly connection: Connection,
    private readonly conversationId: string,
    private readonly message: string,
  ) {}

  async storeUser(): Promise<void> {
    if (this.#userStored) return;
    this.#userStored = true;
    await this.#append([this.#turn('user', this.message)]);
  }

  async store(answer: string): Promise<void> {
    const user = this.#userStored ? [] : [this.#turn('user', this.message)];
    this.#userStored = true;
    await this.#append([...user, this.#turn('assistant', answer)]);
  }

  #turn(role: ConversationMessage['role'], text: string): ConversationMessage {
    const { now = () => new Date() } = this.options;
    return { role, text, at: now().toISOString() };
  }

  async #append(messages: readonly ConversationMessage[]): Promise<void> {
    const { connectionId } = this.connection;
    await this.options.conversations.append(ownerOf(this.connection), this.conversationId, connectionId, messages);
  }
}

function buildTool(options: ChatOptions, scene: Scene, conversationId: string, turns: Turns): Tool {
  return {
    ...startBuild,
    owner: 'The build pipeline',
    timeoutMilliseconds: TOOL_MILLISECONDS,
    run: async ({ request, spec }, signal) => {
      await turns.storeUser();
      const payload = {
        request: typeof request === 'string' ? request : '',
        ...(spec !== undefined && { spec: spec as Record<string, unknown> }),
      };
      try {
        const { buildId, status } = await launch(options, scene, conversationId, payload, signal);
        return { buildId, status };
      } catch (error) {
        throw error instanceof FableError ? new ToolError(error.message, error) : error;
      }
    },
  };
}

/** Starts a build for the user of the connection, and tells the client. */
export async function launch(
  { kickoff }: Pick<ChatOptions, 'kickoff'>,
  { connection, send, logger }: Scene,
  conversationId: string,
  payload: { readonly request: string; readonly spec?: Record<string, unknown> },
  signal: AbortSignal,
): Promise<{ readonly buildId: string; readonly status: string }> {
  const started = await kickoff.call('start', { ...payload, ...ownerOf(connection), conversationId }, signal);
  logger.info({ buildId: started.buildId }, 'build started');
  await send({ type: 'build_started', buildId: started.buildId, conversationId });
  return started;
}
