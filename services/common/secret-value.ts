/** One secret's text, read once per process. Not for secrets of tenants: those have a provider of their own. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { faultName } from './bedrock/faults';

/** The message holds neither value nor ARN. */
export class SecretUnavailableError extends Error {
  override readonly name = 'SecretUnavailableError';
}

export interface SecretValueOptions {
  readonly client: SecretsManagerClient;
  /** ARN or name. */
  readonly secretId: string;
  /** What it is, for messages: "the Google API key". */
  readonly what: string;
  /** @default - for as long as the process lives */
  readonly lifetimeMilliseconds?: number;
}

export class SecretValue {
  readonly #options: SecretValueOptions;
  #value: Promise<string> | undefined;
  #readAt = 0;

  constructor(options: SecretValueOptions) {
    this.#options = options;
  }

  /** Callers at the same time share one read; a failed one is not kept. @throws SecretUnavailableError */
  get(): Promise<string> {
    const { lifetimeMilliseconds = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#value && performance.now() - this.#readAt < lifetimeMilliseconds) return this.#value;
    const value = this.#read();
    this.#value = value;
    this.#readAt = performance.now();
    value.catch(() => this.forget(value));
    return value;
  }

  /** The next `get` reads anew, for example after the value was refused: it may have been rotated. */
  forget(value: Promise<string> | undefined = this.#value): void {
    if (this.#value === value) this.#value = undefined;
  }

  async #read(): Promise<string> {
    const { client, secretId, what } = this.#options;
    let text: string | undefined;
    try {
      ({ SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: secretId })));
    } catch (error) {
      const reason = faultName(error) === 'ResourceNotFoundException' ? 'it has not been set' : faultName(error);
      throw new SecretUnavailableError(`${what} cannot be read: ${reason}`, { cause: error });
    }
    const value = text?.trim() ?? '';
    if (value === '') throw new SecretUnavailableError(`${what} cannot be read: it is empty`);
    return value;
  }
}
