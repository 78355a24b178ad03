/** The agent: one message of one user of one tenant in, one answer out, with the conversation kept. */
import { abortable } from '../../../common/abortable';
import type { Usage } from '../../../common/bedrock/types';
import { planFold, toModelMessages } from './conversation';
import { tenantNotFound, tenantSuspended } from './errors';
import { foldingPrompt, foldingRequest, systemPrompt } from './prompts';
import { Reasoning, type Answer, type OfferedSkill, type ReasoningDependencies } from './reasoning';
import type { Skill } from './skills';
import type {
  AgentLog,
  Conversation,
  ConversationMessage,
  ConversationStore,
  SecretsProvider,
  TenantStore,
} from './types';

/** People nobody knows apart share this id: nothing is remembered of them across conversations. */
export const ANONYMOUS = 'anonymous';

const FOLD_MILLISECONDS = 10_000;
const FOLD_TOKENS = 400;
const SUMMARY_CHARACTERS = 2_000;

export interface AgentDependencies extends ReasoningDependencies {
  readonly conversations: ConversationStore;
  readonly tenants: TenantStore;
  readonly secrets: SecretsProvider;
  readonly skills: readonly Skill[];
  /** @default - the clock */
  readonly now?: () => Date;
}

export interface ChatRequest {
  readonly tenantId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly message: string;
  readonly signal: AbortSignal;
  /** @default - the agent's own; one that knows the request lets its lines be found together */
  readonly log?: AgentLog;
}

interface Offer {
  readonly offered: readonly OfferedSkill[];
  readonly missing: readonly string[];
  readonly unreachable: readonly string[];
}

interface Folded {
  readonly foldedThrough: number;
  readonly usage: Usage;
}

export class Agent {
  readonly #dependencies: AgentDependencies;

  constructor(dependencies: AgentDependencies) {
    this.#dependencies = dependencies;
  }

  async chat(request: ChatRequest): Promise<Answer> {
    const { tenants, conversations, now = () => new Date() } = this.#dependencies;
    const { tenantId, userId, sessionId, message, signal, log = this.#dependencies.log } = request;
    const [tenant, user, conversation, offer] = await Promise.all([
      tenants.getTenant(tenantId),
      userId === ANONYMOUS ? undefined : tenants.getUser(tenantId, userId),
      conversations.load(tenantId, userId, sessionId),
      this.#offer(tenantId, log),
    ]);
    if (!tenant) throw tenantNotFound(tenantId);
    if (tenant.status !== 'active') throw tenantSuspended(tenantId);

    const asked: ConversationMessage = { role: 'user', content: message, at: now().toISOString() };
    const system = systemPrompt({ tenant, user, ...offer, today: asked.at.slice(0, 10) });
    const messages = toModelMessages(conversation?.messages ?? [], message);
    const reasoning = new Reasoning(
      { ...this.#dependencies, log },
      {
        tenant,
        system,
        messages,
        message,
        offered: offer.offered,
        signal,
      },
    );
    // Side by side: summing up old messages must not make this answer later.
    const [answer, folded] = await Promise.all([reasoning.answer(), this.#fold(request, conversation, asked)]);
    signal.throwIfAborted();
    const said: ConversationMessage = { role: 'assistant', content: answer.text, at: now().toISOString() };
    await conversations.append(tenantId, userId, sessionId, [asked, said], { foldedThrough: folded?.foldedThrough });
    if (!folded) return answer;
    return {
      ...answer,
      usage: {
        inputTokens: answer.usage.inputTokens + folded.usage.inputTokens,
        outputTokens: answer.usage.outputTokens + folded.usage.outputTokens,
      },
    };
  }

  /** Only skills whose integration this tenant has set up; the others are named, so that the answer can say so. */
  async #offer(tenantId: string, log: AgentLog): Promise<Offer> {
    const { skills, secrets } = this.#dependencies;
    const integrations = [...new Set(skills.map(({ integration }) => integration))];
    const missing: string[] = [];
    const unreachable: string[] = [];
    const offered: OfferedSkill[] = [];
    await Promise.all(
      integrations.map(async (integration) => {
        try {
          const secret = await secrets.get(tenantId, integration);
          const usable = skills.filter(
            (skill) => skill.integration === integration && secret !== undefined && skill.handler.configured(secret),
          );
          if (secret === undefined || usable.length === 0) missing.push(integration);
          else offered.push(...usable.map((skill) => ({ skill, secret })));
        } catch (error) {
          log.warn({ integration, error: (error as Error).message }, 'credentials of an integration cannot be read');
          unreachable.push(integration);
        }
      }),
    );
    return { offered, missing: missing.sort(), unreachable: unreachable.sort() };
  }

  /** A failed fold costs a memory, not the answer; the next turn tries again with what is still there. */
  async #fold(
    { tenantId, userId, sessionId, signal, log = this.#dependencies.log }: ChatRequest,
    conversation: Conversation | undefined,
    asked: ConversationMessage,
  ): Promise<Folded | undefined> {
    if (userId === ANONYMOUS) return undefined;
    const plan = planFold(conversation, asked);
    if (!plan) return undefined;
    const { ai, models, tenants } = this.#dependencies;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(FOLD_MILLISECONDS)]);
    try {
      const call = ai.converse({
        modelId: models.conversation,
        system: foldingPrompt,
        messages: [{ role: 'user', content: [{ type: 'text', text: foldingRequest(plan.messages) }] }],
        maxTokens: FOLD_TOKENS,
        signal: limited,
      });
      const { text, usage } = await abortable(call, limited);
      const summary = text.trim().slice(0, SUMMARY_CHARACTERS);
      if (summary !== '') await tenants.addMemory(tenantId, userId, { sessionId, summary, at: asked.at });
      return { foldedThrough: plan.foldedThrough, usage };
    } catch (error) {
      log.warn({ session_id: sessionId, error: (error as Error).message }, 'old messages could not be summed up');
      return undefined;
    }
  }
}
