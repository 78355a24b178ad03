import { Naming } from '../naming/naming';
import { expectPassThrough, messageOf, naming, synth } from '../testing';
import { UserPool, type UserPoolProps } from './user-pool';

const base: UserPoolProps = { naming, region: 'us-west-2' };
const pool = (props: Partial<UserPoolProps> = {}) =>
  synth((stack) => new UserPool(stack, 'users', { ...base, ...props }));

describe('identity.UserPool', () => {
  it('holds users that administrators make, by e-mail address', () => {
    expect(pool().only('aws_cognito_user_pool')).toMatchObject({
      name: 'shop-test-user-pool',
      username_attributes: ['email'],
      auto_verified_attributes: ['email'],
      username_configuration: { case_sensitive: false },
      admin_create_user_config: { allow_admin_create_user_only: true },
      account_recovery_setting: { recovery_mechanism: [{ name: 'verified_email', priority: 1 }] },
      deletion_protection: 'INACTIVE',
    });
  });

  it('wants eight characters of all four kinds', () => {
    expect(pool().only('aws_cognito_user_pool')['password_policy']).toEqual({
      minimum_length: 8,
      require_uppercase: true,
      require_lowercase: true,
      require_numbers: true,
      require_symbols: true,
      temporary_password_validity_days: 7,
    });
  });

  it('never replaces its users for a change of schema, and may not go where it is protected', () => {
    expect(pool().only('aws_cognito_user_pool')['lifecycle']).toEqual({ ignore_changes: ['schema'] });
    expect(pool({ deletionProtection: true }).only('aws_cognito_user_pool')).toMatchObject({
      deletion_protection: 'ACTIVE',
      lifecycle: { prevent_destroy: true, ignore_changes: ['schema'] },
    });
  });

  it('has a client without a secret, for passwords, SRP and refresh', () => {
    expect(pool().only('aws_cognito_user_pool_client')).toMatchObject({
      name: 'shop-test-user-pool-client',
      generate_secret: false,
      explicit_auth_flows: [
        'ALLOW_ADMIN_USER_PASSWORD_AUTH',
        'ALLOW_REFRESH_TOKEN_AUTH',
        'ALLOW_USER_PASSWORD_AUTH',
        'ALLOW_USER_SRP_AUTH',
      ],
      prevent_user_existence_errors: 'ENABLED',
      enable_token_revocation: true,
      id_token_validity: 60,
      access_token_validity: 60,
      refresh_token_validity: 30,
      token_validity_units: [{ id_token: 'minutes', access_token: 'minutes', refresh_token: 'days' }],
    });
  });

  it('has the domain of its name', () => {
    const end = new Naming({ project: 'story-42-west', environment: 'dev', environmentAt: 'end' });
    expect(pool({ naming: end }).only('aws_cognito_user_pool_domain')['domain']).toBe('story-42-west-user-pool-dev');
  });

  it('has its groups, at addresses that do not move when one is added', () => {
    const groups = (...names: string[]) =>
      pool({ groups: names }).addresses.filter((address) => address.startsWith('aws_cognito_user_group.'));
    expect(
      pool({ groups: ['admin', 'author'] })
        .all('aws_cognito_user_group')
        .map(({ name }) => name),
    ).toEqual(['admin', 'author']);
    expect(groups('reader', 'admin', 'author')).toEqual(expect.arrayContaining(groups('admin', 'author')));
  });

  it('says where its tokens come from', () => {
    const { json } = synth((stack) => {
      const made = new UserPool(stack, 'users', base);
      stack.addOverride('locals', { issuer: made.issuer, jwks: made.jwksUrl, client: made.clientId, id: made.id });
    });
    const id = '${aws_cognito_user_pool.users_HASH.id}';
    const locals = JSON.parse(JSON.stringify(json['locals']).replace(/_[0-9A-F]{8}\./g, '_HASH.'));
    expect(locals).toEqual({
      issuer: `https://cognito-idp.us-west-2.amazonaws.com/${id}`,
      jwks: `https://cognito-idp.us-west-2.amazonaws.com/${id}/.well-known/jwks.json`,
      client: '${aws_cognito_user_pool_client.users_Client_HASH.id}',
      id,
    });
  });

  it('reports every problem at once', () => {
    expect(
      messageOf(() =>
        pool({
          region: 'west',
          groups: ['a b', 'c', 'c'],
          tokenMinutes: 4,
          refreshTokenDays: 0,
          temporaryPasswordDays: 366,
        }),
      ),
    ).toBe(
      [
        'identity.UserPool at test/users: 6 problems',
        '- region is "west"; allowed: a region such as us-west-2',
        '- groups is "a b"; allowed: 1 to 128 letters, digits, - and _',
        '- groups is a b, c, c; allowed: each name once',
        '- tokenMinutes is 4; allowed: a whole number from 5 to 1440 minutes',
        '- refreshTokenDays is 0; allowed: a whole number from 1 to 3650 days',
        '- temporaryPasswordDays is 366; allowed: a whole number from 1 to 365 days',
      ].join('\n'),
    );
    expect(() => pool({ tokenMinutes: 1440, refreshTokenDays: 3650, temporaryPasswordDays: 365 })).not.toThrow();
    expect(() => pool({ part: 'cognito-users' })).toThrow('naming: aws_cognito_user_pool_domain');
  });

  it('passes every prop on', () => {
    expectPassThrough<UserPoolProps>(
      base,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        region: 'eu-west-1',
        part: 'people',
        groups: ['admin'],
        tokenMinutes: 5,
        refreshTokenDays: 1,
        temporaryPasswordDays: 1,
        deletionProtection: true,
      },
      // The region shows in what others are told of the pool.
      (stack, props) => stack.addOverride('locals', { issuer: new UserPool(stack, 'users', props).issuer }),
    );
  });
});
