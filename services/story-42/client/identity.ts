/** Who is signed in: Cognito's sign-in by plain requests, tokens in this tab's session storage and nowhere else. */
import { Problem, unreachable } from './problem';
import type { PageConfig } from './config';

interface Tokens {
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface AuthAnswer {
  readonly ChallengeName?: string;
  readonly Session?: string;
  readonly ChallengeParameters?: Record<string, string>;
  readonly AuthenticationResult?: {
    readonly IdToken: string;
    readonly AccessToken: string;
    readonly RefreshToken?: string;
    readonly ExpiresIn: number;
  };
}

export interface NewPasswordChallenge {
  readonly userName: string;
  readonly session: string;
}

export interface Person {
  readonly email: string;
  readonly groups: readonly string[];
}

const STORED = 'story-42.tokens';
/** A token that ends sooner than this is renewed before it is used. */
const MARGIN_MS = 60_000;

/** Cognito's rule for this pool. */
export const passwordRules: readonly { readonly text: string; readonly met: (password: string) => boolean }[] = [
  { text: 'At least 8 characters', met: (password) => password.length >= 8 },
  { text: 'An upper-case letter', met: (password) => /[A-Z]/.test(password) },
  { text: 'A lower-case letter', met: (password) => /[a-z]/.test(password) },
  { text: 'A digit', met: (password) => /[0-9]/.test(password) },
  {
    text: 'A symbol, such as ! or #',
    met: (password) => /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+\- ]/.test(password.trim()),
  },
];

export class Identity {
  readonly #config: PageConfig;
  #renewing: Promise<string> | undefined;
  /** Called when the tokens can no longer be renewed. */
  onExpired: () => void = () => undefined;

  constructor(config: PageConfig) {
    this.#config = config;
  }

  get person(): Person | undefined {
    const tokens = this.#tokens();
    if (tokens === undefined) return undefined;
    const claims = claimsOf(tokens.idToken);
    const groups = claims['cognito:groups'];
    return {
      email: String(claims['email'] ?? claims['cognito:username'] ?? 'signed in'),
      groups: Array.isArray(groups) ? groups.map(String) : [],
    };
  }

  /** Nothing when that was all; a challenge when the password is a temporary one. */
  async signIn(userName: string, password: string): Promise<NewPasswordChallenge | undefined> {
    const answer = await this.#call('InitiateAuth', {
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: this.#config.clientId,
      AuthParameters: { USERNAME: userName, PASSWORD: password },
    });
    if (answer.ChallengeName === 'NEW_PASSWORD_REQUIRED' && answer.Session !== undefined)
      return { userName: answer.ChallengeParameters?.['USER_ID_FOR_SRP'] ?? userName, session: answer.Session };
    this.#keep(answer);
    return undefined;
  }

  async setNewPassword(challenge: NewPasswordChallenge, password: string): Promise<void> {
    const answer = await this.#call('RespondToAuthChallenge', {
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      ClientId: this.#config.clientId,
      Session: challenge.session,
      ChallengeResponses: { USERNAME: challenge.userName, NEW_PASSWORD: password },
    });
    this.#keep(answer);
  }

  /** The ID token, renewed when it is about to end or when `renew` says that it was refused. */
  async idToken(renew = false): Promise<string> {
    const tokens = this.#tokens();
    if (tokens === undefined) throw this.#expired();
    if (!renew && tokens.expiresAt - Date.now() > MARGIN_MS) return tokens.idToken;
    this.#renewing ??= this.#renew(tokens).finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  /** Forgets the tokens here at once; Cognito is told, and if that fails, the refresh token merely lives to its end. */
  async signOut(): Promise<void> {
    const tokens = this.#tokens();
    sessionStorage.removeItem(STORED);
    if (tokens === undefined) return;
    await this.#call('RevokeToken', { Token: tokens.refreshToken, ClientId: this.#config.clientId }).catch(
      () => undefined,
    );
  }

  async #renew(tokens: Tokens): Promise<string> {
    try {
      const answer = await this.#call('InitiateAuth', {
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        ClientId: this.#config.clientId,
        AuthParameters: { REFRESH_TOKEN: tokens.refreshToken },
      });
      return this.#keep(answer, tokens.refreshToken);
    } catch (error) {
      // Without an answer the tokens may still be good; only a refusal ends the visit.
      if (error instanceof Problem && (error.code === 'unreachable' || error.code === 'throttled')) throw error;
      throw this.#expired(error);
    }
  }

  #expired(cause?: unknown): Problem {
    sessionStorage.removeItem(STORED);
    this.onExpired();
    return new Problem({
      title: 'Your sign-in has expired.',
      advice: 'Sign in again; you will be back where you were.',
      code: 'signed_out',
      status: 401,
      cause,
    });
  }

  #tokens(): Tokens | undefined {
    const text = sessionStorage.getItem(STORED);
    return text === null ? undefined : (JSON.parse(text) as Tokens);
  }

  #keep(answer: AuthAnswer, refreshToken?: string): string {
    const result = answer.AuthenticationResult;
    if (result === undefined)
      throw new Problem({
        title: 'This account needs a step that this page does not offer.',
        detail: answer.ChallengeName,
        advice: 'Ask the administrator to change the sign-in settings of your account.',
      });
    const tokens: Tokens = {
      idToken: result.IdToken,
      accessToken: result.AccessToken,
      refreshToken: result.RefreshToken ?? refreshToken ?? '',
      expiresAt: Date.now() + result.ExpiresIn * 1000,
    };
    sessionStorage.setItem(STORED, JSON.stringify(tokens));
    return tokens.idToken;
  }

  async #call(action: string, body: Record<string, unknown>): Promise<AuthAnswer> {
    let response: Response;
    try {
      response = await fetch(this.#config.cognitoUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `AWSCognitoIdentityProviderService.${action}`,
        },
        body: JSON.stringify(body),
        credentials: 'omit',
        cache: 'no-store',
        signal: AbortSignal.timeout(30_000),
      });
    } catch (cause) {
      throw unreachable(cause);
    }
    const text = await response.text();
    const value = (text === '' ? {} : parse(text)) as AuthAnswer & {
      __type?: string;
      message?: string;
      Message?: string;
    };
    if (response.ok) return value;
    throw refusal(value.__type ?? '', value.message ?? value.Message, response);
  }
}

function refusal(type: string, message: string | undefined, response: Response): Problem {
  const name = type.split('#').at(-1)!.split(':')[0]!;
  const common = {
    code: name || 'internal',
    status: response.status,
    requestId: response.headers.get('x-amzn-requestid') ?? undefined,
  };
  switch (name) {
    case 'NotAuthorizedException':
      if (/session|expired/i.test(message ?? ''))
        return new Problem({
          ...common,
          title: 'This step took too long.',
          detail: message,
          advice: 'Start again with your e-mail and temporary password.',
        });
      return new Problem({
        ...common,
        title: 'That e-mail and password do not belong together.',
        advice: 'Check both and try again. A temporary password is valid for a few days only.',
      });
    case 'UserNotFoundException':
      return new Problem({
        ...common,
        title: 'That e-mail and password do not belong together.',
        advice: 'Check both and try again.',
      });
    case 'InvalidPasswordException':
      return new Problem({
        ...common,
        title: 'This password is not accepted.',
        detail: message,
        advice: 'Choose one that meets every rule above.',
      });
    case 'PasswordResetRequiredException':
    case 'UserNotConfirmedException':
      return new Problem({
        ...common,
        title: 'This account is not ready.',
        detail: message,
        advice: 'Ask the administrator to set a new temporary password.',
      });
    case 'TooManyRequestsException':
    case 'LimitExceededException':
      return new Problem({
        ...common,
        code: 'throttled',
        title: 'Too many attempts.',
        advice: 'Wait a minute, then try again.',
        retryable: true,
      });
    case 'CodeMismatchException':
    case 'ExpiredCodeException':
      return new Problem({
        ...common,
        title: 'This step took too long.',
        detail: message,
        advice: 'Start again with your e-mail and temporary password.',
      });
    default:
      return new Problem({
        ...common,
        title: 'Signing in failed.',
        detail: message ?? name,
        advice: 'Try again. If it keeps failing, give the request number to the administrator.',
        retryable: true,
      });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** For showing only; who reads a token for a decision checks its signature. */
function claimsOf(token: string): Record<string, unknown> {
  try {
    const part = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
