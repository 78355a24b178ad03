/** What the agent remembers, of whom, and where its secrets are: interfaces and their data. Nothing here knows AWS. */
import type { JsonObject } from '../../../common/bedrock/types';

// ---- models ------------------------------------------------------------------------------------------------------

/** One model per kind of work; cheaper ones can take the last two. */
export interface ModelTiers {
  /** Decides which tools are needed and reads their results. */
  readonly reasoning: string;
  /** Answers when no tool is needed, and sums up old conversations. */
  readonly conversation: string;
  /** Words an answer from tool results. */
  readonly formatting: string;
}

// ---- conversations -----------------------------------------------------------------------------------------------

export interface ConversationMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export interface Conversation {
  readonly sessionId: string;
  readonly messages: readonly ConversationMessage[];
  readonly updatedAt: string;
  /** How many older messages the conversation has lost to its limits. */
  readonly dropped: number;
  /** Messages up to this number, counted from the first one ever, are in the user's memory summaries. */
  readonly foldedThrough: number;
}

export interface ConversationSummary {
  readonly sessionId: string;
  readonly updatedAt: string;
}

export interface ConversationStore {
  load(tenantId: string, userId: string, sessionId: string): Promise<Conversation | undefined>;
  /** Adds messages, keeps the newest within the limits, renews the expiry; concurrent appends lose nothing. */
  append(
    tenantId: string,
    userId: string,
    sessionId: string,
    messages: readonly ConversationMessage[],
    options?: { readonly foldedThrough?: number },
  ): Promise<Conversation>;
  list(tenantId: string, userId: string): Promise<readonly ConversationSummary[]>;
  clear(tenantId: string, userId: string, sessionId: string): Promise<void>;
  /** A cheap read; rejects when the store cannot be reached. */
  check(signal?: AbortSignal): Promise<void>;
}

// ---- tenants -----------------------------------------------------------------------------------------------------

export interface Tenant {
  readonly tenantId: string;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  readonly settings: JsonObject;
  readonly customProperties: JsonObject;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface MemorySummary {
  readonly sessionId: string;
  readonly summary: string;
  readonly at: string;
}

export interface User {
  readonly tenantId: string;
  readonly userId: string;
  readonly email: string;
  readonly displayName: string;
  readonly role: 'admin' | 'member';
  readonly preferences: JsonObject;
  readonly customProperties: JsonObject;
  readonly memorySummaries: readonly MemorySummary[];
}

export interface ChannelMapping {
  readonly tenantId: string;
  readonly channelType: string;
  readonly channelId: string;
  readonly settings: JsonObject;
}

export interface PutOptions {
  /**
   * Refuse with `ExistsError` when there is one already.
   * @default false - created or updated; attributes that are not named here are kept
   */
  readonly create?: boolean;
}

export interface TenantStore {
  getTenant(tenantId: string): Promise<Tenant | undefined>;
  putTenant(tenant: Omit<Tenant, 'createdAt' | 'updatedAt'>, options?: PutOptions): Promise<Tenant>;
  listTenants(): Promise<readonly Tenant[]>;
  getUser(tenantId: string, userId: string): Promise<User | undefined>;
  putUser(user: Omit<User, 'memorySummaries'>, options?: PutOptions): Promise<User>;
  listUsers(tenantId: string): Promise<readonly User[]>;
  /** Adds to what is remembered of a user, known to us or not; the oldest entries go beyond `MAX_MEMORIES`. */
  addMemory(tenantId: string, userId: string, memory: MemorySummary): Promise<void>;
  putChannel(mapping: ChannelMapping, options?: PutOptions): Promise<ChannelMapping>;
  findTenantByChannel(channelType: string, channelId: string): Promise<ChannelMapping | undefined>;
  /** A cheap read; rejects when the store cannot be reached. */
  check(signal?: AbortSignal): Promise<void>;
}

export const MAX_MEMORIES = 20;

// ---- secrets -----------------------------------------------------------------------------------------------------

/** The values of one integration of one tenant. Never logged, never answered. */
export type SecretValues = JsonObject;

export interface SecretsProvider {
  /** Undefined when there is none or it is disabled. */
  get(tenantId: string, integration: string): Promise<SecretValues | undefined>;
  put(tenantId: string, integration: string, values: SecretValues): Promise<'created' | 'updated'>;
  /** Overwrites the values with a marker: reads as absent from then on. */
  disable(tenantId: string, integration: string): Promise<void>;
  /** Names of the integrations that are there and not disabled, sorted. */
  list(tenantId: string): Promise<readonly string[]>;
}

/** Where the agent tells what its operator should know; the server adds the request's id. */
export interface AgentLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}
