/** The tenants' secrets: made at run time, so the state does not know them. */
import {
  DeleteSecretCommand,
  SecretsManagerClient,
  paginateListSecrets,
} from '@aws-sdk/client-secrets-manager';
import { systems } from '../../../environments/index';
import type { OperationContext } from '../operations';

type Context = Omit<OperationContext, 'outputs'>;

/** `/{project}/{environment}/tenants`, see 3.3 of the requirements. */
export function tenantsPrefix({ session }: Context): string {
  const { project } = systems.t3nets.environments[session.environment];
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

/** Without a recovery window, so that the same environment can be made again at once. */
export async function removeSecrets(context: Context, names: readonly string[]): Promise<void> {
  const client = new SecretsManagerClient(context.clients);
  for (const SecretId of names) {
    await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
  }
}
