/** Who may do what: bearer keys of tenants and of the administrator, and signatures of channels. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { KEY_CHANNEL_TYPE } from '../../agent/ids';
import type { SecretsProvider, SecretValues, TenantStore } from '../../agent/types';
import { HttpError, unauthorized } from './errors';

export const DEFAULT_TENANT = 'default';
export const API_KEY = 'api-key';
export const ADMIN_KEY = 'admin-api';

/** Equal time for any two texts of any lengths: digests are compared, not the texts. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** One answer for no tenant, no key and a wrong key: it must not tell which tenants there are. */
const wrongKey = () => unauthorized('this tenant needs its own key: Authorization: Bearer <key>');

function bearerKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = /^Bearer +([\x21-\x7e]{1,1024}) *$/i.exec(header)?.[1];
  if (key === undefined) throw unauthorized('send Authorization: Bearer <key>');
  return key;
}

/** In the secret under `key`; or the whole secret, when it is plain text. */
function keyOf(secret: SecretValues | undefined): string | undefined {
  const key = secret?.key ?? secret?.value;
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** Finds the tenant of a key; proves nothing, as the tenant's secret alone says which key is right. */
export const keyFingerprint = (key: string): string =>
  createHash('sha256').update(`t3nets api-key ${key}`).digest('hex');

export interface AuthorizerDependencies {
  readonly secrets: SecretsProvider;
  readonly tenants: Pick<TenantStore, 'findTenantByChannel'>;
  readonly defaultTenantRequiresKey: boolean;
}

export class Authorizer {
  readonly #dependencies: AuthorizerDependencies;

  constructor(dependencies: AuthorizerDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * The tenant a request may act for. A key says by itself whose it is; naming the tenant too is allowed, and then the
   * key must be that tenant's. Without a key there is only the open default tenant.
   */
  async tenant(named: string | undefined, authorization: string | undefined): Promise<string> {
    const given = bearerKey(authorization);
    if (given === undefined) {
      const tenantId = named ?? DEFAULT_TENANT;
      if (tenantId === DEFAULT_TENANT && !this.#dependencies.defaultTenantRequiresKey) return tenantId;
      throw wrongKey();
    }
    if (named !== undefined && (await this.#isKeyOf(named, given))) return named;
    const { tenants } = this.#dependencies;
    const owner = (await tenants.findTenantByChannel(KEY_CHANNEL_TYPE, keyFingerprint(given)))?.tenantId;
    const tenantId = owner ?? DEFAULT_TENANT;
    if (tenantId === named || !(await this.#isKeyOf(tenantId, given))) throw wrongKey();
    if (named !== undefined) throw new HttpError('forbidden', 'this key is not that of the tenant named');
    return tenantId;
  }

  async #isKeyOf(tenantId: string, given: string): Promise<boolean> {
    const key = keyOf(await this.#dependencies.secrets.get(tenantId, API_KEY));
    return key !== undefined && sameText(given, key);
  }

  async administrator(authorization: string | undefined): Promise<void> {
    const given = bearerKey(authorization);
    const key =
      given === undefined ? undefined : keyOf(await this.#dependencies.secrets.get(DEFAULT_TENANT, ADMIN_KEY));
    if (given === undefined || key === undefined || !sameText(given, key)) {
      throw unauthorized('the admin API needs its key: Authorization: Bearer <key>');
    }
  }
}

/** HMAC-SHA256 of the body's very bytes, in hex, with or without `sha256=` in front. */
export function isSignedBy(secret: SecretValues | undefined, body: Buffer, signature: string | undefined): boolean {
  const signingSecret = secret?.signing_secret;
  if (typeof signingSecret !== 'string' || signingSecret === '' || signature === undefined) return false;
  const given = /^(?:sha256=)?([0-9a-f]{64})$/i.exec(signature.trim())?.[1];
  if (given === undefined) return false;
  const expected = createHmac('sha256', signingSecret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(given, 'hex'));
}
