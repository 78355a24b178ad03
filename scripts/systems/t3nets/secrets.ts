/** The tenants' secrets: made at run time, so the state does not know them. */
import {
  DeleteSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  paginateListSecrets,
} from '@aws-sdk/client-secrets-manager';
import { settingsOf, type OperationContext } from '../operations';

type Context = Omit<OperationContext, 'outputs'>;

/** `/{project}/{environment}/tenants`, see 3.3 of the requirements. */
export function tenantsPrefix({ session }: Context): string {
  const { project } = settingsOf(session, 't3nets');
  return `/${project}/${session.environment}/tenants`;
}

export async function listTenantSecrets(context: Context): Promise<string[]> {
  const prefix = `${tenantsPrefix(context)}/`;
  const client = new SecretsManagerClient(context.clients);
  const names: string[] = [];
  const pages = paginateListSecrets({ client, pageSize: 100 }, { Filters: [{ Key: 'name', Values: [prefix] }] });
  for await (const { SecretList } of pages) {
    for (const { Name } of SecretList ?? []) if (Name?.startsWith(prefix) === true) names.push(Name);
  }
  return names.sort();
}

/** Where an environment that faces the Internet keeps the key that its default tenant, too, must show. */
export const DEFAULT_KEY_PATH = 'default/api-key';

export function needsDefaultKey({ session }: Context): boolean {
  return settingsOf(session, 't3nets').defaultTenantRequiresKey;
}

export async function readKey(context: Context, path: string): Promise<string> {
  const client = new SecretsManagerClient(context.clients);
  const { SecretString } = await client.send(
    new GetSecretValueCommand({ SecretId: `${tenantsPrefix(context)}/${path}` }),
  );
  return (JSON.parse(SecretString ?? '{}') as { key: string }).key;
}

/** Without a recovery window, so that the same environment can be made again at once. */
export async function removeSecrets(context: Context, names: readonly string[]): Promise<void> {
  const client = new SecretsManagerClient(context.clients);
  for (const SecretId of names) {
    await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
  }
}
