/**
 * The default tenant, its administrator and the secrets that the router reads. Everything has a fixed key, so a second
 * run finds it all and changes nothing. Secret values come from the shell and go to Secrets Manager only.
 */
import { randomBytes } from 'node:crypto';
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { UserError } from '../../console/errors';
import { requireOutput, type OperationContext, type SeedItem } from '../operations';
import { putSecretValue } from '../secret-value';
import { DEFAULT_KEY_PATH, needsDefaultKey } from './secrets';

/** Marks a Jira secret that nobody has filled in yet; the router then says that Jira is not set up. */
const PLACEHOLDER = 'REPLACE_ME';

const JIRA_VARIABLES = {
  base_url: 'JIRA_BASE_URL',
  email: 'JIRA_EMAIL',
  api_token: 'JIRA_API_TOKEN',
  board_id: 'JIRA_BOARD_ID',
} as const;

export async function seed(context: OperationContext): Promise<SeedItem[]> {
  const jira = jiraValues(process.env);
  const items = [await putTenant(context), await putAdmin(context)];
  items.push(await putSecret(context, 'default/jira', jira.values, { replace: jira.complete }));
  items.push(await putSecret(context, 'default/admin-api', newKey(), {}));
  if (needsDefaultKey(context)) items.push(await putSecret(context, DEFAULT_KEY_PATH, newKey(), {}));
  if (!jira.complete && items[2]?.result === 'created') {
    context.session.reporter.warn(
      `Jira is a placeholder: ${jira.missing.join(', ')} not set. Set them and seed again, or use the admin API.`,
    );
  }
  return items;
}

function newKey(): { key: string } {
  return { key: randomBytes(32).toString('base64url') };
}

function jiraValues(env: NodeJS.ProcessEnv) {
  const missing = Object.values(JIRA_VARIABLES).filter((name) => (env[name] ?? '') === '');
  const values = Object.fromEntries(
    Object.entries(JIRA_VARIABLES).map(([key, name]) => [key, env[name] || PLACEHOLDER]),
  );
  if (missing.length > 0 && missing.length < Object.keys(JIRA_VARIABLES).length) {
    throw new UserError(`Jira is half set: ${missing.join(', ')} missing.`, {
      remedy: `Set all of ${Object.values(JIRA_VARIABLES).join(', ')}, or none of them.`,
    });
  }
  return { complete: missing.length === 0, missing, values };
}

async function putTenant(context: OperationContext): Promise<SeedItem> {
  const now = new Date().toISOString();
  return putNew(context, 'tenant default', {
    pk: 'TENANT#default',
    sk: 'META',
    tenant_id: 'default',
    name: 'Default tenant',
    status: 'active',
    settings: {},
    custom_properties: {},
    created_at: now,
    updated_at: now,
  });
}

async function putAdmin(context: OperationContext): Promise<SeedItem> {
  const now = new Date().toISOString();
  return putNew(context, 'user admin of tenant default', {
    pk: 'USER#default',
    sk: 'USER#admin',
    tenant_id: 'default',
    user_id: 'admin',
    email: 'admin@example.com',
    display_name: 'Administrator',
    role: 'admin',
    preferences: {},
    custom_properties: {},
    memory_summaries: [],
    created_at: now,
    updated_at: now,
  });
}

async function putNew(context: OperationContext, what: string, Item: Record<string, unknown>): Promise<SeedItem> {
  const table = DynamoDBDocumentClient.from(new DynamoDBClient(context.clients));
  try {
    await table.send(
      new PutCommand({
        TableName: requireOutput(context, 'tenants_table_name'),
        Item,
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
    return { what, result: 'created' };
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return { what, result: 'kept' };
    throw error;
  }
}

/** Creates a secret, or, where `replace` says so and the values differ, gives it a new version. */
function putSecret(
  context: OperationContext,
  path: string,
  values: Record<string, string>,
  { replace = false }: { replace?: boolean },
): Promise<SeedItem> {
  const name = `${requireOutput(context, 'secrets_prefix')}/${path}`;
  return putSecretValue(context.clients, { name, value: JSON.stringify(values), replace, madeBy: 'seed' });
}
