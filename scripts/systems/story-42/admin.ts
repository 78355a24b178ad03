/** The first user of the pool, administrator and author: made once, with a temporary password, by Cognito's API alone. */
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminInitiateAuthCommand,
  AdminRespondToAuthChallengeCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  InvalidPasswordException,
  NotAuthorizedException,
  PasswordResetRequiredException,
  UserNotFoundException,
  paginateAdminListGroupsForUser,
  type AuthenticationResultType,
} from '@aws-sdk/client-cognito-identity-provider';
import { UsageError, UserError } from '../../console/errors';
import { requireOutput, settingsOf, type OperationContext, type SeedItem } from '../operations';
import { drawPassword, privateValues, type PrivateValues } from './private-values';

/** The administrator writes stories too. */
const GROUPS = ['admin', 'author'] as const;

interface Pool {
  readonly cognito: CognitoIdentityProviderClient;
  readonly UserPoolId: string;
  readonly Username: string;
}

function poolOf(context: OperationContext): Pool {
  return {
    cognito: new CognitoIdentityProviderClient(context.clients),
    UserPoolId: requireOutput(context, 'cognito_user_pool_id'),
    Username: settingsOf(context.session, 'story-42').adminEmail,
  };
}

/** Never touches the password of a user who is there. */
export async function seedAdmin(context: OperationContext): Promise<SeedItem[]> {
  const pool = poolOf(context);
  const what = `user ${pool.Username}`;
  if (await userExists(pool)) return [{ what, result: 'kept' }, ...(await addToGroups(pool))];
  const values = privateValues(context.session);
  const TemporaryPassword = temporaryPassword(context, values);
  await withPasswordRule(() =>
    pool.cognito.send(
      new AdminCreateUserCommand({
        UserPoolId: pool.UserPoolId,
        Username: pool.Username,
        TemporaryPassword,
        // Whoever deploys knows the password; it does not travel by mail.
        MessageAction: 'SUPPRESS',
        UserAttributes: [
          { Name: 'email', Value: pool.Username },
          { Name: 'email_verified', Value: 'true' },
        ],
      }),
    ),
  );
  // What an earlier pool's administrator had chosen is of no use any more.
  if (values.kept('STORY42_ADMIN_PASSWORD') !== undefined) values.keep('STORY42_ADMIN_PASSWORD', undefined);
  return [{ what, result: 'created' }, ...(await addToGroups(pool))];
}

/** The temporary password counts again, and the next sign-in asks for a new one. */
export async function resetAdmin(context: OperationContext): Promise<SeedItem[]> {
  const pool = poolOf(context);
  if (!(await userExists(pool))) return seedAdmin(context);
  const values = privateValues(context.session);
  const Password = temporaryPassword(context, values);
  await withPasswordRule(() =>
    pool.cognito.send(
      new AdminSetUserPasswordCommand({
        UserPoolId: pool.UserPoolId,
        Username: pool.Username,
        Password,
        Permanent: false,
      }),
    ),
  );
  if (values.kept('STORY42_ADMIN_PASSWORD') !== undefined) values.keep('STORY42_ADMIN_PASSWORD', undefined);
  return [{ what: `password of ${pool.Username}`, result: 'updated' }];
}

/** Given by the operator; in a rehearsal drawn once and written down. */
function temporaryPassword({ session }: OperationContext, values: PrivateValues): string {
  const known = values.get('STORY42_ADMIN_TEMP_PASSWORD');
  if (known !== undefined) return known;
  if (session.target === 'aws') {
    throw new UsageError(
      'STORY42_ADMIN_TEMP_PASSWORD is not set: the first user needs a temporary password.',
      `Set it in the shell, or in ${values.fileName} (a copy of environments/story-42/secrets.env.example), and seed again.`,
    );
  }
  const password = values.kept('STORY42_ADMIN_TEMP_PASSWORD') ?? drawPassword();
  values.keep('STORY42_ADMIN_TEMP_PASSWORD', password);
  session.reporter.info(`The administrator's temporary password is in ${values.keptFile}`);
  return password;
}

async function userExists({ cognito, UserPoolId, Username }: Pool): Promise<boolean> {
  try {
    await cognito.send(new AdminGetUserCommand({ UserPoolId, Username }));
    return true;
  } catch (error) {
    if (error instanceof UserNotFoundException) return false;
    throw error;
  }
}

async function addToGroups({ cognito, UserPoolId, Username }: Pool): Promise<SeedItem[]> {
  const present = new Set<string>();
  for await (const { Groups } of paginateAdminListGroupsForUser({ client: cognito }, { UserPoolId, Username })) {
    for (const { GroupName } of Groups ?? []) if (GroupName !== undefined) present.add(GroupName);
  }
  const items: SeedItem[] = [];
  for (const GroupName of GROUPS) {
    const what = `${Username} in group ${GroupName}`;
    if (present.has(GroupName)) {
      items.push({ what, result: 'kept' });
    } else {
      await cognito.send(new AdminAddUserToGroupCommand({ UserPoolId, Username, GroupName }));
      items.push({ what, result: 'created' });
    }
  }
  return items;
}

/** Whether a password is at hand with which the administrator can sign in. */
export function canSignIn({ session }: Pick<OperationContext, 'session'>): boolean {
  return session.target === 'local' || privateValues(session).get('STORY42_ADMIN_PASSWORD') !== undefined;
}

/**
 * Signs the administrator in. In a rehearsal the first sign-in also sets the lasting password, which is written down;
 * on AWS that choice is the administrator's own.
 */
export async function signIn(context: OperationContext): Promise<string> {
  const pool = poolOf(context);
  const values = privateValues(context.session);
  const lasting = values.get('STORY42_ADMIN_PASSWORD') ?? values.kept('STORY42_ADMIN_PASSWORD');
  const temporary = values.get('STORY42_ADMIN_TEMP_PASSWORD') ?? values.kept('STORY42_ADMIN_TEMP_PASSWORD');
  const ClientId = requireOutput(context, 'cognito_client_id');
  if (lasting === undefined && context.session.target === 'aws') {
    throw new UsageError(
      `Nobody told the password of ${pool.Username}.`,
      `Set STORY42_ADMIN_PASSWORD in the shell or in ${values.fileName}. The first sign-in, which chooses it, is on the page.`,
    );
  }
  for (const password of [lasting, temporary]) {
    if (password === undefined) continue;
    const token = await tryPassword(context, { pool, ClientId, password, values, lasting });
    if (token !== undefined) return token;
  }
  throw new UserError(`None of the known passwords of ${pool.Username} is right any more.`, {
    remedy: `Set STORY42_ADMIN_PASSWORD, or begin again: ./sluice seed story-42 ${context.session.environment} --reset-password`,
  });
}

interface Attempt {
  readonly pool: Pool;
  readonly ClientId: string;
  readonly password: string;
  readonly values: PrivateValues;
  readonly lasting: string | undefined;
}

/** Undefined when the password is wrong. */
async function tryPassword(context: OperationContext, attempt: Attempt): Promise<string | undefined> {
  const { pool, ClientId, password } = attempt;
  const { cognito, UserPoolId, Username } = pool;
  try {
    const answer = await cognito.send(
      new AdminInitiateAuthCommand({
        UserPoolId,
        ClientId,
        AuthFlow: 'ADMIN_NO_SRP_AUTH',
        AuthParameters: { USERNAME: Username, PASSWORD: password },
      }),
    );
    if (answer.ChallengeName === undefined) return idToken(answer.AuthenticationResult);
    if (answer.ChallengeName !== 'NEW_PASSWORD_REQUIRED' || context.session.target === 'aws') {
      throw new UserError(`The sign-in of ${Username} asks for ${answer.ChallengeName}.`, {
        remedy: 'Sign in on the page once, then run this again.',
      });
    }
    return idToken(await choosePassword(context, attempt, answer.Session));
  } catch (error) {
    if (error instanceof NotAuthorizedException) return undefined;
    if (error instanceof UserNotFoundException || error instanceof PasswordResetRequiredException) {
      throw new UserError(`${Username} cannot sign in: ${error.message}`, {
        remedy: `./sluice seed story-42 ${context.session.environment} --reset-password`,
        cause: error,
      });
    }
    throw error;
  }
}

async function choosePassword(
  context: OperationContext,
  { pool, ClientId, password, values, lasting }: Attempt,
  Session: string | undefined,
): Promise<AuthenticationResultType | undefined> {
  const chosen = lasting === undefined || lasting === password ? drawPassword() : lasting;
  // Written down first: a password that was set and then lost would lock the rehearsal out.
  values.keep('STORY42_ADMIN_PASSWORD', chosen);
  const answer = await pool.cognito.send(
    new AdminRespondToAuthChallengeCommand({
      UserPoolId: pool.UserPoolId,
      ClientId,
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      Session,
      ChallengeResponses: { USERNAME: pool.Username, NEW_PASSWORD: chosen },
    }),
  );
  context.session.reporter.info(`The administrator's password of this rehearsal is in ${values.keptFile}`);
  return answer.AuthenticationResult;
}

function idToken(result: AuthenticationResultType | undefined): string {
  if (result?.IdToken === undefined) throw new Error('Cognito signed the user in but gave no ID token');
  return result.IdToken;
}

async function withPasswordRule<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvalidPasswordException)) throw error;
    throw new UsageError(
      'STORY42_ADMIN_TEMP_PASSWORD does not meet the rule of the pool.',
      'At least 8 characters with upper and lower case, a digit and a symbol.',
    );
  }
}
