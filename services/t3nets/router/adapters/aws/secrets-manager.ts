/**
 * SecretsProvider on AWS Secrets Manager: one secret per tenant and integration at `{prefix}/{tenant_id}/{integration}`,
 * a JSON object. Values are cached for 300 s. The role cannot delete: a removed integration holds the marker
 * `{"disabled": true}` and says so in its description, which is what `list` can see without reading values.
 */
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  paginateListSecrets,
  UpdateSecretCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { ThrottledError } from '../../../../common/bedrock/errors';
import { ExistsError } from '../../agent/errors';
import { checkedId } from '../../agent/ids';
import type { SecretsProvider, SecretValues } from '../../agent/types';
import { faultName, isThrottling } from '../../../../common/bedrock/faults';

const CACHE_MILLISECONDS = 300_000;
/** What is not there is asked for again sooner: somebody is likely setting it up. */
const ABSENT_MILLISECONDS = 30_000;
/** Tenants times integrations; beyond it the least recently used go. Names come from clients, so there must be an end. */
const CACHE_ENTRIES = 2_000;

const DISABLED = 'disabled';
const ENABLED = 'integration credentials';

interface Entry {
  readonly values: Promise<SecretValues | undefined>;
  until: number;
}

export interface SecretsManagerProviderOptions {
  readonly client: SecretsManagerClient;
  /** `/{project}/{environment}/tenants`. */
  readonly prefix: string;
  /** @default - a monotonic clock, in milliseconds */
  readonly clock?: () => number;
}

export class SecretsManagerProvider implements SecretsProvider {
  readonly #client: SecretsManagerClient;
  readonly #prefix: string;
  readonly #clock: () => number;
  readonly #cache = new Map<string, Entry>();

  constructor({ client, prefix, clock = () => performance.now() }: SecretsManagerProviderOptions) {
    this.#client = client;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  get(tenantId: string, integration: string): Promise<SecretValues | undefined> {
    let path: string;
    try {
      path = this.path(tenantId, integration);
    } catch (error) {
      return Promise.reject(error);
    }
    const known = this.#cache.get(path);
    this.#cache.delete(path);
    const entry = known && known.until > this.#clock() ? known : this.#fetch(path);
    this.#cache.set(path, entry);
    if (this.#cache.size > CACHE_ENTRIES) this.#cache.delete(this.#cache.keys().next().value!);
    return entry.values;
  }

  async put(tenantId: string, integration: string, values: SecretValues): Promise<'created' | 'updated'> {
    return this.#write(this.path(tenantId, integration), JSON.stringify(values), ENABLED);
  }

  async disable(tenantId: string, integration: string): Promise<void> {
    const path = this.path(tenantId, integration);
    if ((await this.#read(path)) === undefined) return;
    await this.#write(path, JSON.stringify({ disabled: true }), DISABLED);
  }

  async list(tenantId: string): Promise<readonly string[]> {
    const start = `${this.#prefix}/${checkedId('tenant', tenantId)}/`;
    const names: string[] = [];
    const pages = paginateListSecrets(
      { client: this.#client, pageSize: 100 },
      { Filters: [{ Key: 'name', Values: [start] }] },
    );
    for await (const { SecretList = [] } of pages) {
      for (const { Name = '', Description } of SecretList) {
        const name = Name.slice(start.length);
        // The filter alone is not trusted to keep tenants apart.
        if (Name.startsWith(start) && !name.includes('/') && Description !== DISABLED) names.push(name);
      }
    }
    return names.sort();
  }

  /** The only place where a path is made. */
  path(tenantId: string, integration: string): string {
    return `${this.#prefix}/${checkedId('tenant', tenantId)}/${checkedId('integration', integration)}`;
  }

  #fetch(path: string): Entry {
    const entry: Entry = { values: this.#read(path), until: Number.POSITIVE_INFINITY };
    entry.values.then(
      (values) => {
        entry.until = this.#clock() + (values === undefined ? ABSENT_MILLISECONDS : CACHE_MILLISECONDS);
      },
      () => {
        if (this.#cache.get(path) === entry) this.#cache.delete(path);
      },
    );
    return entry;
  }

  async #read(path: string): Promise<SecretValues | undefined> {
    try {
      const { SecretString } = await this.#client.send(new GetSecretValueCommand({ SecretId: path }));
      return parseValues(SecretString);
    } catch (error) {
      if (faultName(error) === 'ResourceNotFoundException' || isMarkedForDeletion(error)) return undefined;
      return rethrow(error);
    }
  }

  async #write(path: string, SecretString: string, Description: string): Promise<'created' | 'updated'> {
    try {
      return await this.#createOrUpdate(path, SecretString, Description);
    } catch (error) {
      if (isMarkedForDeletion(error)) throw markedForDeletion(path, error);
      return rethrow(error);
    } finally {
      this.#cache.delete(path);
    }
  }

  async #createOrUpdate(path: string, SecretString: string, Description: string): Promise<'created' | 'updated'> {
    try {
      await this.#client.send(new CreateSecretCommand({ Name: path, SecretString, Description }));
      return 'created';
    } catch (error) {
      if (faultName(error) !== 'ResourceExistsException') throw error;
      await this.#client.send(new UpdateSecretCommand({ SecretId: path, SecretString, Description }));
      return 'updated';
    }
  }
}

/** A secret written by hand can be plain text: it reads as `{ value }`. */
function parseValues(text: string | undefined): SecretValues | undefined {
  if (text === undefined) return undefined;
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    return { value: text };
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return { value: text };
  return (values as SecretValues).disabled === true ? undefined : (values as SecretValues);
}

const isMarkedForDeletion = (error: unknown): boolean =>
  faultName(error) === 'InvalidRequestException' && /delet/i.test((error as Error).message);

const markedForDeletion = (path: string, cause: unknown) =>
  new ExistsError(
    `secret ${path} is scheduled for deletion: restore it (aws secretsmanager restore-secret), then try again`,
    cause,
  );

function rethrow(error: unknown): never {
  throw isThrottling(error) ? new ThrottledError('the secrets are busy; try again shortly', error) : error;
}
