/** Secrets in a map. For tests. */
import { checkedId } from '../ids';
import type { SecretsProvider, SecretValues } from '../types';

export class InMemorySecretsProvider implements SecretsProvider {
  readonly #values = new Map<string, SecretValues | undefined>();

  async get(tenantId: string, integration: string): Promise<SecretValues | undefined> {
    return this.#values.get(this.#path(tenantId, integration));
  }

  async put(tenantId: string, integration: string, values: SecretValues): Promise<'created' | 'updated'> {
    const path = this.#path(tenantId, integration);
    const outcome = this.#values.has(path) ? 'updated' : 'created';
    this.#values.set(path, values);
    return outcome;
  }

  async disable(tenantId: string, integration: string): Promise<void> {
    const path = this.#path(tenantId, integration);
    if (this.#values.has(path)) this.#values.set(path, undefined);
  }

  async list(tenantId: string): Promise<readonly string[]> {
    const prefix = `${checkedId('tenant', tenantId)}/`;
    return [...this.#values]
      .filter(([path, values]) => path.startsWith(prefix) && values !== undefined)
      .map(([path]) => path.slice(prefix.length))
      .sort();
  }

  #path(tenantId: string, integration: string): string {
    return `${checkedId('tenant', tenantId)}/${checkedId('integration', integration)}`;
  }
}
