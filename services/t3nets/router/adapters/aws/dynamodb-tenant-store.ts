/**
 * TenantStore on a single DynamoDB table:
 * - tenant `TENANT#{tenant_id}` / `META`: `name`, `status`, `settings`, `custom_properties`, `created_at`, `updated_at`;
 * - user `USER#{tenant_id}` / `USER#{user_id}`: `email`, `display_name`, `role`, `preferences`, `custom_properties`,
 *   `memory_summaries` (list of `{session_id, summary, at}`);
 * - channel `TENANT#{tenant_id}` / `CHANNEL#{channel_type}#{id}`: `gsi1pk` = `CHANNEL#{type}#{id}`, `tenant_id`, `settings`.
 * Writes are updates of the attributes named here; any other attribute of an item stays as it is.
 */
import {
  GetCommand,
  paginateQuery,
  paginateScan,
  QueryCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { ThrottledError } from '../../../../common/bedrock/errors';
import { faultName, isThrottling } from '../../../../common/bedrock/faults';
import type { JsonObject } from '../../../../common/bedrock/types';
import { ExistsError } from '../../agent/errors';
import { checkedId } from '../../agent/ids';
import {
  MAX_MEMORIES,
  type ChannelMapping,
  type MemorySummary,
  type PutOptions,
  type Tenant,
  type TenantStore,
  type User,
} from '../../agent/types';

const CHANNEL_INDEX = 'channel-mapping';

const json = z.record(z.string(), z.unknown()).transform((value) => value as JsonObject);
const jsonOrEmpty = json.default({});

const tenantItem = z.object({
  pk: z.string().startsWith('TENANT#'),
  name: z.string(),
  status: z.enum(['active', 'suspended']).default('active'),
  settings: jsonOrEmpty,
  custom_properties: jsonOrEmpty,
  created_at: z.string().default(''),
  updated_at: z.string().default(''),
});

const userItem = z.object({
  pk: z.string().startsWith('USER#'),
  sk: z.string().startsWith('USER#'),
  email: z.string().default(''),
  display_name: z.string().default(''),
  role: z.enum(['admin', 'member']).default('member'),
  preferences: jsonOrEmpty,
  custom_properties: jsonOrEmpty,
  memory_summaries: z.array(z.object({ session_id: z.string(), summary: z.string(), at: z.string() })).default([]),
});

const channelItem = z.object({
  sk: z.string(),
  tenant_id: z.string(),
  settings: jsonOrEmpty,
});

export interface DynamoDBTenantStoreOptions {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  /** @default - the clock */
  readonly now?: () => Date;
}

export class DynamoDBTenantStore implements TenantStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #tableName: string;
  readonly #now: () => Date;

  constructor({ client, tableName, now = () => new Date() }: DynamoDBTenantStoreOptions) {
    this.#client = client;
    this.#tableName = tableName;
    this.#now = now;
  }

  async getTenant(tenantId: string): Promise<Tenant | undefined> {
    const item = await this.#get(tenantKey(tenantId));
    return item && toTenant(item);
  }

  async putTenant(tenant: Omit<Tenant, 'createdAt' | 'updatedAt'>, options: PutOptions = {}): Promise<Tenant> {
    const now = this.#now().toISOString();
    const set = {
      name: tenant.name,
      status: tenant.status,
      settings: tenant.settings,
      custom_properties: tenant.customProperties,
      updated_at: now,
    };
    const item = await this.#update(tenantKey(tenant.tenantId), set, {
      once: { created_at: now },
      absent: options.create ? 'name' : undefined,
      exists: () => new ExistsError(`tenant "${tenant.tenantId}" exists`),
    });
    return toTenant(item);
  }

  /** Reads the whole table, page by page: for administrators, not for the request path. */
  async listTenants(): Promise<readonly Tenant[]> {
    const pages = paginateScan(
      { client: this.#client },
      {
        TableName: this.#tableName,
        FilterExpression: 'sk = :meta AND begins_with(pk, :tenant)',
        ExpressionAttributeValues: { ':meta': 'META', ':tenant': 'TENANT#' },
      },
    );
    const tenants: Tenant[] = [];
    for await (const { Items = [] } of pages) tenants.push(...Items.map(toTenant));
    return tenants.sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  }

  async getUser(tenantId: string, userId: string): Promise<User | undefined> {
    const item = await this.#get(userKey(tenantId, userId));
    return item && toUser(item);
  }

  async putUser(user: Omit<User, 'memorySummaries'>, options: PutOptions = {}): Promise<User> {
    const set = {
      email: user.email,
      display_name: user.displayName,
      role: user.role,
      preferences: user.preferences,
      custom_properties: user.customProperties,
    };
    const item = await this.#update(userKey(user.tenantId, user.userId), set, {
      // Memory alone can have made the item: a user is one who has a role.
      absent: options.create ? 'role' : undefined,
      exists: () => new ExistsError(`user "${user.userId}" exists`),
    });
    return toUser(item);
  }

  async listUsers(tenantId: string): Promise<readonly User[]> {
    const pages = paginateQuery(
      { client: this.#client },
      {
        TableName: this.#tableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :user)',
        ExpressionAttributeValues: { ':pk': `USER#${checkedId('tenant', tenantId)}`, ':user': 'USER#' },
      },
    );
    const users: User[] = [];
    for await (const { Items = [] } of pages) users.push(...Items.map(toUser));
    return users;
  }

  async addMemory(tenantId: string, userId: string, { sessionId, summary, at }: MemorySummary): Promise<void> {
    const Key = userKey(tenantId, userId);
    const command = new UpdateCommand({
      TableName: this.#tableName,
      Key,
      UpdateExpression: 'SET memory_summaries = list_append(if_not_exists(memory_summaries, :none), :new)',
      ExpressionAttributeValues: { ':none': [], ':new': [{ session_id: sessionId, summary, at }] },
      ReturnValues: 'ALL_NEW',
    });
    const { Attributes } = await this.#client.send(command).catch(rethrow);
    const excess = toUser(Attributes!).memorySummaries.length - MAX_MEMORIES;
    if (excess > 0) await this.#forget(Key, excess);
  }

  async putChannel(mapping: ChannelMapping, options: PutOptions = {}): Promise<ChannelMapping> {
    const { tenantId, channelType, channelId, settings } = mapping;
    const channel = channelKey(channelType, channelId);
    const owner = await this.findTenantByChannel(channelType, channelId);
    const exists = () => new ExistsError(`channel "${channelType}/${channelId}" is mapped already`);
    if (owner && (options.create || owner.tenantId !== tenantId)) throw exists();
    const item = await this.#update(
      { pk: tenantKey(tenantId).pk, sk: channel },
      { gsi1pk: channel, tenant_id: tenantId, settings },
      { absent: options.create ? 'gsi1pk' : undefined, exists },
    );
    return toChannel(item);
  }

  async findTenantByChannel(channelType: string, channelId: string): Promise<ChannelMapping | undefined> {
    const command = new QueryCommand({
      TableName: this.#tableName,
      IndexName: CHANNEL_INDEX,
      KeyConditionExpression: 'gsi1pk = :channel',
      ExpressionAttributeValues: { ':channel': channelKey(channelType, channelId) },
    });
    const { Items = [] } = await this.#client.send(command).catch(rethrow);
    const mappings = Items.map(toChannel);
    // Two tenants for one channel can only come from writes at the same moment or by hand: nobody gets its messages then.
    return new Set(mappings.map(({ tenantId }) => tenantId)).size === 1 ? mappings[0] : undefined;
  }

  async check(signal?: AbortSignal): Promise<void> {
    const Key = { pk: 'CHECK', sk: 'CHECK' };
    const command = new GetCommand({ TableName: this.#tableName, Key, ProjectionExpression: 'pk' });
    await this.#client.send(command, { abortSignal: signal });
  }

  async #get(key: Key): Promise<Attributes | undefined> {
    const command = new GetCommand({ TableName: this.#tableName, Key: key, ConsistentRead: true });
    return (await this.#client.send(command).catch(rethrow)).Item;
  }

  async #update(key: Key, set: Attributes, { once = {}, absent, exists }: UpdateOptions): Promise<Attributes> {
    const names: Record<string, string> = {};
    const values: Attributes = {};
    const parts: string[] = [];
    for (const [name, value] of Object.entries({ ...set, ...once })) {
      const index = parts.length;
      names[`#a${index}`] = name;
      values[`:v${index}`] = value;
      const kept = Object.hasOwn(once, name);
      parts.push(kept ? `#a${index} = if_not_exists(#a${index}, :v${index})` : `#a${index} = :v${index}`);
    }
    if (absent) names['#absent'] = absent;
    const command = new UpdateCommand({
      TableName: this.#tableName,
      Key: key,
      UpdateExpression: `SET ${parts.join(', ')}`,
      ...(absent && { ConditionExpression: 'attribute_not_exists(#absent)' }),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
      ReturnValues: 'ALL_NEW',
    });
    try {
      return (await this.#client.send(command)).Attributes ?? {};
    } catch (error) {
      if (absent && faultName(error) === 'ConditionalCheckFailedException') throw exists();
      return rethrow(error);
    }
  }

  /** Only while the list is as long as it was: another writer trims it otherwise. */
  async #forget(Key: Key, excess: number): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.#tableName,
      Key,
      UpdateExpression: `REMOVE ${Array.from({ length: excess }, (_, index) => `memory_summaries[${index}]`).join(', ')}`,
      ConditionExpression: 'size(memory_summaries) = :length',
      ExpressionAttributeValues: { ':length': MAX_MEMORIES + excess },
    });
    await this.#client.send(command).catch((error: unknown) => {
      if (faultName(error) !== 'ConditionalCheckFailedException') rethrow(error);
    });
  }
}

interface Key {
  readonly pk: string;
  readonly sk: string;
}

type Attributes = Record<string, unknown>;

interface UpdateOptions {
  /** Set only where there is none yet. */
  readonly once?: Attributes;
  /** The update is refused when the item has this attribute. */
  readonly absent?: string;
  readonly exists: () => ExistsError;
}

export const tenantKey = (tenantId: string): Key => ({ pk: `TENANT#${checkedId('tenant', tenantId)}`, sk: 'META' });

export const userKey = (tenantId: string, userId: string): Key => ({
  pk: `USER#${checkedId('tenant', tenantId)}`,
  sk: `USER#${checkedId('user', userId)}`,
});

export const channelKey = (channelType: string, channelId: string): string =>
  `CHANNEL#${checkedId('channelType', channelType)}#${checkedId('channel', channelId)}`;

function toTenant(item: Attributes): Tenant {
  const { pk, name, status, settings, custom_properties, created_at, updated_at } = tenantItem.parse(item);
  return {
    tenantId: pk.slice('TENANT#'.length),
    name,
    status,
    settings,
    customProperties: custom_properties,
    createdAt: created_at,
    updatedAt: updated_at,
  };
}

function toUser(item: Attributes): User {
  const { pk, sk, email, display_name, role, preferences, custom_properties, memory_summaries } = userItem.parse(item);
  return {
    tenantId: pk.slice('USER#'.length),
    userId: sk.slice('USER#'.length),
    email,
    displayName: display_name,
    role,
    preferences,
    customProperties: custom_properties,
    memorySummaries: memory_summaries.map(({ session_id, summary, at }) => ({ sessionId: session_id, summary, at })),
  };
}

function toChannel(item: Attributes): ChannelMapping {
  const { sk, tenant_id, settings } = channelItem.parse(item);
  const [, channelType = '', channelId = ''] = sk.split('#');
  return { tenantId: tenant_id, channelType, channelId, settings };
}

function rethrow(error: unknown): never {
  throw isThrottling(error) ? new ThrottledError('the tenants are busy; try again shortly', error) : error;
}
