/** The routes for administrators: tenants, users, channels and credentials. All of them need the admin key. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JsonObject } from '../../../../common/bedrock/types';
import type { Route } from '../../../../common/http-server/app';
import { ExistsError, tenantNotFound } from '../../agent/errors';
import { channelIntegration, KEY_CHANNEL_TYPE } from '../../agent/ids';
import type { Tenant, User } from '../../agent/types';
import { ADMIN_KEY, API_KEY, keyFingerprint } from './auth';
import { HttpError } from './errors';
import type { RouteDependencies } from './routes';
import {
  channelBody,
  integrationBody,
  integrationParams,
  keyValues,
  parsed,
  tenantBody,
  tenantParams,
  userBody,
} from './schemas';

type AdminDependencies = Pick<RouteDependencies, 'authorizer' | 'tenants' | 'secrets'>;
type Handler = (dependencies: AdminDependencies, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

export function adminRoutes(dependencies: AdminDependencies): readonly Route[] {
  const route = (method: Route['method'], path: string, status: number, handler: Handler): Route => ({
    method,
    url: `/api/admin/tenants${path}`,
    status,
    handler: async (request, reply) => {
      await dependencies.authorizer.administrator(request.headers.authorization);
      return handler(dependencies, request, reply);
    },
  });
  return [
    route('GET', '', 200, listTenants),
    route('POST', '', 201, createTenant),
    route('POST', '/:tenant_id/users', 201, createUser),
    route('POST', '/:tenant_id/channels', 201, createChannel),
    route('GET', '/:tenant_id/integrations', 200, listIntegrations),
    route('POST', '/:tenant_id/integrations/:name', 200, putIntegration),
  ];
}

async function knownTenant({ tenants }: AdminDependencies, request: FastifyRequest): Promise<string> {
  const { tenant_id: tenantId } = parsed(tenantParams, request.params);
  request.facts.tenant_id = tenantId;
  if (!(await tenants.getTenant(tenantId))) throw tenantNotFound(tenantId);
  return tenantId;
}

async function listTenants({ tenants }: AdminDependencies) {
  return { tenants: (await tenants.listTenants()).map(tenantView) };
}

async function createTenant({ tenants }: AdminDependencies, request: FastifyRequest) {
  const body = parsed(tenantBody, request.body);
  request.facts.tenant_id = body.tenant_id;
  const { tenant_id: tenantId, name, status, settings, custom_properties: customProperties } = body;
  return tenantView(await tenants.putTenant({ tenantId, name, status, settings, customProperties }, { create: true }));
}

async function createUser(dependencies: AdminDependencies, request: FastifyRequest) {
  const body = parsed(userBody, request.body);
  const tenantId = await knownTenant(dependencies, request);
  const user = {
    tenantId,
    userId: body.user_id,
    email: body.email,
    displayName: body.display_name,
    role: body.role,
    preferences: body.preferences,
    customProperties: body.custom_properties,
  };
  return userView(await dependencies.tenants.putUser(user, { create: true }));
}

async function createChannel(dependencies: AdminDependencies, request: FastifyRequest) {
  const { channel_type: channelType, id: channelId, settings, signing_secret } = parsed(channelBody, request.body);
  const tenantId = await knownTenant(dependencies, request);
  const { tenants, secrets } = dependencies;
  if (await tenants.findTenantByChannel(channelType, channelId)) {
    throw new HttpError('exists', `channel "${channelType}/${channelId}" is mapped already`);
  }
  // The secret first: a mapping without one would answer 401 to everybody.
  await secrets.put(tenantId, channelIntegration(channelType, channelId), { signing_secret });
  await tenants.putChannel({ tenantId, channelType, channelId, settings }, { create: true });
  return { tenant_id: tenantId, channel_type: channelType, id: channelId, settings };
}

async function listIntegrations(dependencies: AdminDependencies, request: FastifyRequest) {
  const tenantId = await knownTenant(dependencies, request);
  return { integrations: await dependencies.secrets.list(tenantId) };
}

async function putIntegration(dependencies: AdminDependencies, request: FastifyRequest, reply: FastifyReply) {
  const { name } = parsed(integrationParams, request.params);
  const body = parsed(integrationBody, request.body);
  const tenantId = await knownTenant(dependencies, request);
  if ('disabled' in body) {
    await dependencies.secrets.disable(tenantId, name);
    return { tenant_id: tenantId, integration: name, status: 'disabled' };
  }
  if (name === API_KEY || name === ADMIN_KEY) parsed(keyValues, body.values);
  if (name === API_KEY) await indexKey(dependencies, tenantId, body.values);
  const status = await dependencies.secrets.put(tenantId, name, body.values);
  if (status === 'created') void reply.code(201);
  return { tenant_id: tenantId, integration: name, status };
}

/** Before the key itself: should two tenants be given one key, the second is refused, not overheard. */
async function indexKey({ tenants }: AdminDependencies, tenantId: string, values: JsonObject): Promise<void> {
  const { key } = parsed(keyValues, values);
  const channelId = keyFingerprint(key);
  try {
    await tenants.putChannel({ tenantId, channelType: KEY_CHANNEL_TYPE, channelId, settings: {} });
  } catch (error) {
    throw error instanceof ExistsError ? new HttpError('exists', 'another tenant has this key', error) : error;
  }
}

const tenantView = (tenant: Tenant) => ({
  tenant_id: tenant.tenantId,
  name: tenant.name,
  status: tenant.status,
  settings: tenant.settings,
  custom_properties: tenant.customProperties,
  created_at: tenant.createdAt,
  updated_at: tenant.updatedAt,
});

const userView = (user: User) => ({
  tenant_id: user.tenantId,
  user_id: user.userId,
  email: user.email,
  display_name: user.displayName,
  role: user.role,
  preferences: user.preferences,
  custom_properties: user.customProperties,
});
