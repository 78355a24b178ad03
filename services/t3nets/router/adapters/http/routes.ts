/** The routes for people and channels: health, chat, conversations, webhooks. */
import type { FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { ANONYMOUS, type Agent } from '../../agent/agent';
import { channelIntegration, KEY_CHANNEL_TYPE } from '../../agent/ids';
import type { AgentLog, ConversationStore, SecretsProvider, TenantStore } from '../../agent/types';
import { isSignedBy, type Authorizer } from './auth';
import type { Route } from '../../../../common/http-server/app';
import { errorFields, type Logger } from '../../../../common/logger';
import { HttpError, notFound, unauthorized } from './errors';
import { chatBody, conversationParams, conversationQuery, parsed, webhookBody, webhookParams } from './schemas';

const CHECK_MILLISECONDS = 2_000;

export interface RouteDependencies {
  readonly agent: Pick<Agent, 'chat'>;
  readonly authorizer: Authorizer;
  readonly conversations: ConversationStore;
  readonly tenants: TenantStore;
  readonly secrets: SecretsProvider;
  readonly logger: Logger;
  /** What `/api/health` tells of this instance. */
  readonly about: { readonly env: string; readonly version: string; readonly region: string; readonly model: string };
}

export function publicRoutes(dependencies: RouteDependencies): readonly Route[] {
  return [
    // GET is answered before Fastify, see app.ts; listed here for its 405.
    { method: 'GET', url: '/health', handler: async () => ({ status: 'ok' }) },
    {
      method: 'GET',
      url: '/api/health',
      handler: async (_request, reply) => {
        const health = await deepHealth(dependencies);
        if (health.status !== 'ok') void reply.code(503);
        return health;
      },
    },
    { method: 'POST', url: '/api/chat', handler: (request) => chat(dependencies, request) },
    {
      method: 'GET',
      url: '/api/conversations/:session_id',
      handler: (request) => conversation(dependencies, request),
    },
    {
      method: 'POST',
      url: '/api/channels/:type/:id/webhook',
      handler: (request) => webhook(dependencies, request),
    },
  ];
}

async function deepHealth({ about, conversations, tenants, logger }: RouteDependencies) {
  const state = async (table: string, store: { check(signal?: AbortSignal): Promise<void> }) => {
    try {
      await store.check(AbortSignal.timeout(CHECK_MILLISECONDS));
      return 'ok' as const;
    } catch (error) {
      logger.warn({ table, ...errorFields(error) }, 'a table cannot be read');
      return 'error' as const;
    }
  };
  const [conversationsState, tenantsState] = await Promise.all([
    state('conversations', conversations),
    state('tenants', tenants),
  ]);
  return {
    status: conversationsState === 'ok' && tenantsState === 'ok' ? 'ok' : 'degraded',
    ...about,
    checks: { conversations: conversationsState, tenants: tenantsState },
  };
}

interface Turn {
  readonly tenantId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly message: string;
}

async function answer({ agent, logger }: RouteDependencies, request: FastifyRequest, turn: Turn) {
  Object.assign(request.facts, { tenant_id: turn.tenantId, session_id: turn.sessionId });
  const log: AgentLog = { warn: (fields, text) => logger.warn({ request_id: request.id, ...fields }, text) };
  const result = await agent.chat({ ...turn, signal: request.deadline, log });
  const { usage, toolsUsed } = result;
  Object.assign(request.facts, { tokens: usage.inputTokens + usage.outputTokens, tools: toolsUsed });
  return result;
}

async function chat(dependencies: RouteDependencies, request: FastifyRequest) {
  const body = parsed(chatBody, request.body);
  const tenantId = await dependencies.authorizer.tenant(body.tenant_id, request.headers.authorization);
  const sessionId = body.session_id ?? randomUUID();
  const userId = body.user_id ?? ANONYMOUS;
  const result = await answer(dependencies, request, { tenantId, userId, sessionId, message: body.message });
  return {
    session_id: sessionId,
    response: result.text,
    tenant_id: tenantId,
    tools_used: result.toolsUsed,
    model_id: result.modelId,
    usage: { input_tokens: result.usage.inputTokens, output_tokens: result.usage.outputTokens },
  };
}

async function conversation(dependencies: RouteDependencies, request: FastifyRequest) {
  const { session_id: sessionId } = parsed(conversationParams, request.params);
  const query = parsed(conversationQuery, request.query);
  const tenantId = await dependencies.authorizer.tenant(query.tenant_id, request.headers.authorization);
  Object.assign(request.facts, { tenant_id: tenantId, session_id: sessionId });
  const found = await dependencies.conversations.load(tenantId, query.user_id ?? ANONYMOUS, sessionId);
  if (!found) throw notFound('this user has no such conversation');
  return { session_id: found.sessionId, messages: found.messages, updated_at: found.updatedAt };
}

async function webhook(dependencies: RouteDependencies, request: FastifyRequest) {
  const { type, id } = parsed(webhookParams, request.params);
  const mapping = type === KEY_CHANNEL_TYPE ? undefined : await dependencies.tenants.findTenantByChannel(type, id);
  if (!mapping) throw notFound('no tenant has this channel');
  request.facts.tenant_id = mapping.tenantId;
  const secret = await dependencies.secrets.get(mapping.tenantId, channelIntegration(type, id));
  const signature = request.headers['x-channel-signature'];
  if (!request.rawBody || !isSignedBy(secret, request.rawBody, singleValue(signature))) {
    throw unauthorized('x-channel-signature is missing or does not fit the body');
  }
  const body = parsed(webhookBody, request.body);
  // One running conversation per user and channel, unless the channel tells threads apart.
  const sessionId = body.session_id ?? `${type}-${id}`;
  const { tenantId } = mapping;
  const result = await answer(dependencies, request, { tenantId, userId: body.user_id, sessionId, message: body.text });
  return { session_id: sessionId, response: result.text };
}

function singleValue(header: string | string[] | undefined): string | undefined {
  if (Array.isArray(header)) throw new HttpError('invalid_request', 'x-channel-signature is given more than once');
  return header;
}
