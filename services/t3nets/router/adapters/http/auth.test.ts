import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { InMemorySecretsProvider } from '../../agent/in-memory/secrets-provider';
import { InMemoryTenantStore } from '../../agent/in-memory/tenant-store';
import { KEY_CHANNEL_TYPE } from '../../agent/ids';
import { Authorizer, isSignedBy, keyFingerprint, sameText } from './auth';

async function setUp(defaultTenantRequiresKey = false) {
  const secrets = new InMemorySecretsProvider();
  const tenants = new InMemoryTenantStore();
  const giveKey = async (tenantId: string, key: string) => {
    await secrets.put(tenantId, 'api-key', { key });
    const channelId = keyFingerprint(key);
    await tenants.putChannel({ tenantId, channelType: KEY_CHANNEL_TYPE, channelId, settings: {} });
  };
  await giveKey('a', 'key-of-a-0123456789');
  await giveKey('b', 'key-of-b-0123456789');
  await secrets.put('default', 'admin-api', { key: 'key-of-admin-012345' });
  return { secrets, giveKey, authorizer: new Authorizer({ secrets, tenants, defaultTenantRequiresKey }) };
}

const bearer = (key: string) => `Bearer ${key}`;

test('texts are the same only when they are', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => sameText(a, b) === (a === b)));
  expect(sameText('', '')).toBe(true);
});

describe('tenants', () => {
  test('the default tenant is open, unless it needs a key as well', async () => {
    const { authorizer } = await setUp();
    expect(await authorizer.tenant(undefined, undefined)).toBe('default');
    expect(await authorizer.tenant('default', undefined)).toBe('default');
    const closed = await setUp(true);
    await expect(closed.authorizer.tenant(undefined, undefined)).rejects.toMatchObject({ code: 'unauthorized' });
    await closed.secrets.put('default', 'api-key', { key: 'key-of-default-0123' });
    expect(await closed.authorizer.tenant(undefined, bearer('key-of-default-0123'))).toBe('default');
  });

  test('a key alone says whose it is; the tenant may be named with it', async () => {
    const { authorizer } = await setUp();
    expect(await authorizer.tenant(undefined, bearer('key-of-a-0123456789'))).toBe('a');
    expect(await authorizer.tenant('b', 'bearer  key-of-b-0123456789 ')).toBe('b');
  });

  test.each<[string, string | undefined, string | undefined, string]>([
    ['another tenant without a key', 'a', undefined, 'unauthorized'],
    ['a wrong key', undefined, bearer('wrong'), 'unauthorized'],
    ['a wrong key for a tenant', 'a', bearer('wrong'), 'unauthorized'],
    ['a wrong key for a tenant that is none', 'nobody', bearer('wrong'), 'unauthorized'],
    ['a key of one tenant for another', 'b', bearer('key-of-a-0123456789'), 'forbidden'],
    ['a tenant’s key for the default tenant', 'default', bearer('key-of-a-0123456789'), 'forbidden'],
    ['the admin key as a tenant’s', undefined, bearer('key-of-admin-012345'), 'unauthorized'],
    ['an empty key', undefined, 'Bearer ', 'unauthorized'],
    ['another scheme', undefined, 'Basic YTpi', 'unauthorized'],
  ])('%s is refused', async (_what, named, authorization, code) => {
    const { authorizer } = await setUp();
    await expect(authorizer.tenant(named, authorization)).rejects.toMatchObject({ code });
  });

  test('a key that was replaced finds its tenant no more', async () => {
    const { authorizer, giveKey } = await setUp();
    await giveKey('a', 'new-key-of-a-01234');
    await expect(authorizer.tenant(undefined, bearer('key-of-a-0123456789'))).rejects.toMatchObject({
      code: 'unauthorized',
    });
    expect(await authorizer.tenant(undefined, bearer('new-key-of-a-01234'))).toBe('a');
  });
});

describe('administrators', () => {
  test('the right key, no key, a wrong key, a key of a tenant, no key set up', async () => {
    const { authorizer, secrets } = await setUp();
    await authorizer.administrator(bearer('key-of-admin-012345'));
    for (const authorization of [undefined, bearer('wrong'), bearer('key-of-a-0123456789')]) {
      await expect(authorizer.administrator(authorization)).rejects.toMatchObject({ code: 'unauthorized' });
    }
    await secrets.put('default', 'admin-api', { key: '' });
    await expect(authorizer.administrator(bearer('undefined'))).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test('a secret written by hand as plain text is a key', async () => {
    const { authorizer, secrets } = await setUp();
    await secrets.put('default', 'admin-api', { value: 'plain-text-key-0123' });
    await authorizer.administrator(bearer('plain-text-key-0123'));
  });
});

describe('signatures', () => {
  const body = Buffer.from('{"text":"grüße"}');
  const hex = createHmac('sha256', 'shhh').update(body).digest('hex');
  const secret = { signing_secret: 'shhh' };

  test.each([hex, hex.toUpperCase(), `sha256=${hex}`, ` ${hex} `])('good: %s', (signature) => {
    expect(isSignedBy(secret, body, signature)).toBe(true);
  });

  test.each([
    undefined,
    '',
    'sha256=',
    hex.slice(1),
    `${hex}00`,
    `md5=${hex}`,
    hex.replace(/./, (c) => (c === '0' ? '1' : '0')),
  ])('bad: %s', (signature) => {
    expect(isSignedBy(secret, body, signature)).toBe(false);
  });

  test('not by another secret, an empty one or none; not for another body', () => {
    expect(isSignedBy({ signing_secret: 'other' }, body, hex)).toBe(false);
    const ofNothing = createHmac('sha256', '').update(body).digest('hex');
    expect(isSignedBy({ signing_secret: '' }, body, ofNothing)).toBe(false);
    expect(isSignedBy(undefined, body, ofNothing)).toBe(false);
    expect(isSignedBy(secret, Buffer.from('{}'), hex)).toBe(false);
  });
});
