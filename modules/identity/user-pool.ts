/**
 * A Cognito user pool with one app client, its domain and its groups. Users sign in with their e-mail address and are made
 * by administrators only; who may do what is a matter of groups, which the services check.
 */
import { CognitoUserGroup } from '@cdktf/provider-aws/lib/cognito-user-group';
import { CognitoUserPool } from '@cdktf/provider-aws/lib/cognito-user-pool';
import { CognitoUserPoolClient } from '@cdktf/provider-aws/lib/cognito-user-pool-client';
import { CognitoUserPoolDomain } from '@cdktf/provider-aws/lib/cognito-user-pool-domain';
import { Construct } from 'constructs';
import { check, inRange, matches, unless } from '../checks/checks';
import type { Naming } from '../naming/naming';

export interface UserPoolProps {
  readonly naming: Naming;
  readonly region: string;
  /** Last part of the pool's name, and of the domain's prefix, which is taken region-wide. @default 'user-pool' */
  readonly part?: string;
  /** Names of groups; a user may be in several. @default - none */
  readonly groups?: readonly string[];
  /** How long an ID or access token is good for, 5 to 1440; a token cannot be called back. @default 60 */
  readonly tokenMinutes?: number;
  /** How long one sign-in lasts, 1 to 3650. @default 30 */
  readonly refreshTokenDays?: number;
  /** How long a temporary password may wait for its user, 1 to 365. @default 7 */
  readonly temporaryPasswordDays?: number;
  /** Refuses deletion in AWS and in Terraform. @default false */
  readonly deletionProtection?: boolean;
}

export class UserPool extends Construct {
  readonly resource: CognitoUserPool;
  readonly client: CognitoUserPoolClient;
  readonly domain: CognitoUserPoolDomain;
  readonly groups: readonly CognitoUserGroup[];
  readonly #region: string;

  constructor(scope: Construct, id: string, props: UserPoolProps) {
    super(scope, id);
    const { naming, region, part = 'user-pool', groups = [], tokenMinutes = 60, refreshTokenDays = 30 } = props;
    const { temporaryPasswordDays = 7, deletionProtection = false } = props;
    check(this, 'identity.UserPool', [
      matches('region', region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as us-west-2'),
      ...groups.map((group) => matches('groups', group, /^[A-Za-z0-9_-]{1,128}$/, '1 to 128 letters, digits, - and _')),
      unless(new Set(groups).size !== groups.length, `groups is ${groups.join(', ')}; allowed: each name once`),
      inRange('tokenMinutes', tokenMinutes, 5, 1440, 'minutes'),
      inRange('refreshTokenDays', refreshTokenDays, 1, 3650, 'days'),
      inRange('temporaryPasswordDays', temporaryPasswordDays, 1, 365, 'days'),
    ]);
    this.#region = region;
    this.resource = new CognitoUserPool(this, 'Resource', {
      name: naming.name('aws_cognito_user_pool', part),
      usernameAttributes: ['email'],
      autoVerifiedAttributes: ['email'],
      usernameConfiguration: { caseSensitive: false },
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
      accountRecoverySetting: { recoveryMechanism: [{ name: 'verified_email', priority: 1 }] },
      passwordPolicy: {
        minimumLength: 8,
        requireUppercase: true,
        requireLowercase: true,
        requireNumbers: true,
        requireSymbols: true,
        temporaryPasswordValidityDays: temporaryPasswordDays,
      },
      deletionProtection: deletionProtection ? 'ACTIVE' : 'INACTIVE',
      lifecycle: {
        preventDestroy: deletionProtection ? true : undefined,
        // A change of the schema replaces the pool, and with it every user and password. Attributes are added by hand.
        ignoreChanges: ['schema'],
      },
    });
    this.client = new CognitoUserPoolClient(this, 'Client', {
      name: naming.name('aws_cognito_user_pool_client', `${part}-client`),
      userPoolId: this.resource.id,
      // For browsers and command lines, which cannot keep a secret.
      generateSecret: false,
      explicitAuthFlows: [
        // Also answers to its older name, ADMIN_NO_SRP_AUTH, in AdminInitiateAuth.
        'ALLOW_ADMIN_USER_PASSWORD_AUTH',
        'ALLOW_REFRESH_TOKEN_AUTH',
        'ALLOW_USER_PASSWORD_AUTH',
        'ALLOW_USER_SRP_AUTH',
      ],
      // An unknown user and a wrong password get the same answer.
      preventUserExistenceErrors: 'ENABLED',
      enableTokenRevocation: true,
      idTokenValidity: tokenMinutes,
      accessTokenValidity: tokenMinutes,
      refreshTokenValidity: refreshTokenDays,
      tokenValidityUnits: [{ idToken: 'minutes', accessToken: 'minutes', refreshToken: 'days' }],
    });
    this.domain = new CognitoUserPoolDomain(this, 'Domain', {
      domain: naming.name('aws_cognito_user_pool_domain', part),
      userPoolId: this.resource.id,
    });
    this.groups = groups.map(
      (name) => new CognitoUserGroup(this, `Group-${name}`, { name, userPoolId: this.resource.id }),
    );
  }

  get id(): string {
    return this.resource.id;
  }

  get arn(): string {
    return this.resource.arn;
  }

  get clientId(): string {
    return this.client.id;
  }

  /** The `iss` of its tokens. */
  get issuer(): string {
    return `https://cognito-idp.${this.#region}.amazonaws.com/${this.resource.id}`;
  }

  /** Where the public keys are with which its tokens are checked. */
  get jwksUrl(): string {
    return `${this.issuer}/.well-known/jwks.json`;
  }
}
