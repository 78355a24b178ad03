/** Tenants, users and channels in maps. For tests. */
import { ExistsError } from '../errors';
import { checkedId } from '../ids';
import {
  MAX_MEMORIES,
  type ChannelMapping,
  type MemorySummary,
  type PutOptions,
  type Tenant,
  type TenantStore,
  type User,
} from '../types';

export class InMemoryTenantStore implements TenantStore {
  readonly #tenants = new Map<string, Tenant>();
  readonly #users = new Map<string, User>();
  readonly #memories = new Map<string, MemorySummary[]>();
  readonly #channels = new Map<string, ChannelMapping>();
  readonly #now: () => Date;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  async getTenant(tenantId: string): Promise<Tenant | undefined> {
    return this.#tenants.get(checkedId('tenant', tenantId));
  }

  async putTenant(tenant: Omit<Tenant, 'createdAt' | 'updatedAt'>, { create }: PutOptions = {}): Promise<Tenant> {
    const before = await this.getTenant(tenant.tenantId);
    if (before && create) throw new ExistsError(`tenant "${tenant.tenantId}" exists`);
    const updatedAt = this.#now().toISOString();
    const stored = { ...before, ...tenant, createdAt: before?.createdAt ?? updatedAt, updatedAt };
    this.#tenants.set(tenant.tenantId, stored);
    return stored;
  }

  async listTenants(): Promise<readonly Tenant[]> {
    return [...this.#tenants.values()].sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  }

  async getUser(tenantId: string, userId: string): Promise<User | undefined> {
    const key = this.#userKey(tenantId, userId);
    const user = this.#users.get(key);
    const memorySummaries = this.#memories.get(key);
    if (user) return { ...user, memorySummaries: memorySummaries ?? [] };
    if (!memorySummaries) return undefined;
    const unknown = { email: '', displayName: '', role: 'member' as const, preferences: {}, customProperties: {} };
    return { tenantId, userId, ...unknown, memorySummaries };
  }

  async putUser(user: Omit<User, 'memorySummaries'>, { create }: PutOptions = {}): Promise<User> {
    const key = this.#userKey(user.tenantId, user.userId);
    if (create && this.#users.has(key)) throw new ExistsError(`user "${user.userId}" exists`);
    this.#users.set(key, { ...user, memorySummaries: [] });
    return (await this.getUser(user.tenantId, user.userId))!;
  }

  async listUsers(tenantId: string): Promise<readonly User[]> {
    return [...this.#users.values()].filter((user) => user.tenantId === tenantId);
  }

  async addMemory(tenantId: string, userId: string, memory: MemorySummary): Promise<void> {
    const key = this.#userKey(tenantId, userId);
    this.#memories.set(key, [...(this.#memories.get(key) ?? []), memory].slice(-MAX_MEMORIES));
  }

  async putChannel(mapping: ChannelMapping, { create }: PutOptions = {}): Promise<ChannelMapping> {
    const key = `${checkedId('channelType', mapping.channelType)}#${checkedId('channel', mapping.channelId)}`;
    const owner = this.#channels.get(key);
    if (owner && (create || owner.tenantId !== mapping.tenantId))
      throw new ExistsError(`channel "${mapping.channelId}" exists`);
    this.#channels.set(key, mapping);
    return mapping;
  }

  async findTenantByChannel(channelType: string, channelId: string): Promise<ChannelMapping | undefined> {
    return this.#channels.get(`${channelType}#${channelId}`);
  }

  async check(): Promise<void> {}

  #userKey(tenantId: string, userId: string): string {
    return `${checkedId('tenant', tenantId)}#${checkedId('user', userId)}`;
  }
}
