/** A user pool of one author, as far as the page talks to Cognito: sign-in, first password, renewal, revocation. */
import { randomUUID } from 'node:crypto';

interface Answer {
  readonly status: number;
  readonly answer: object;
}

export class Pool {
  readonly clientId = 'client-test';
  readonly email = 'author@example.com';
  password = 'TempPassword123!';
  temporary = true;
  /** Seconds that a token says it lives. */
  lifetime = 3600;
  refreshes = 0;
  #tokens = new Set<string>();
  #refreshTokens = new Set<string>();
  readonly #session = randomUUID();

  accepts(token: string | undefined): boolean {
    return token !== undefined && this.#tokens.has(token);
  }

  /** No token that was given out is good any more, whatever it says. */
  expireTokens({ refreshToo = false } = {}): void {
    this.#tokens = new Set();
    if (refreshToo) this.#refreshTokens = new Set();
  }

  call(action: string, body: Record<string, unknown>): Answer {
    if (action === 'RevokeToken') {
      this.#refreshTokens.delete(String(body['Token']));
      return { status: 200, answer: {} };
    }
    if (body['ClientId'] !== this.clientId) return refuse('ResourceNotFoundException', 'no such client');
    const given = (body['AuthParameters'] ?? body['ChallengeResponses'] ?? {}) as Record<string, string>;
    if (action === 'RespondToAuthChallenge') return this.#newPassword(body, given);
    if (body['AuthFlow'] === 'REFRESH_TOKEN_AUTH') {
      if (!this.#refreshTokens.has(given['REFRESH_TOKEN']!))
        return refuse('NotAuthorizedException', 'Refresh Token has expired');
      this.refreshes += 1;
      return this.#grant();
    }
    if (given['USERNAME'] !== this.email || given['PASSWORD'] !== this.password)
      return refuse('NotAuthorizedException', 'Incorrect username or password.');
    if (!this.temporary) return this.#grant(randomUUID());
    const challenge = {
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      Session: this.#session,
      ChallengeParameters: { USER_ID_FOR_SRP: this.email },
    };
    return { status: 200, answer: challenge };
  }

  #newPassword(body: Record<string, unknown>, given: Record<string, string>): Answer {
    if (body['Session'] !== this.#session) return refuse('NotAuthorizedException', 'Invalid session for the user.');
    const password = given['NEW_PASSWORD'] ?? '';
    if (password === this.password)
      return refuse('InvalidPasswordException', 'The new password must differ from the temporary one.');
    this.password = password;
    this.temporary = false;
    return this.#grant(randomUUID());
  }

  #grant(refreshToken?: string): Answer {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: 'author', email: this.email, 'cognito:groups': ['author'], jti: randomUUID() };
    const idToken = `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`;
    this.#tokens.add(idToken);
    if (refreshToken !== undefined) this.#refreshTokens.add(refreshToken);
    return {
      status: 200,
      answer: {
        AuthenticationResult: {
          IdToken: idToken,
          AccessToken: 'access',
          ExpiresIn: this.lifetime,
          TokenType: 'Bearer',
          ...(refreshToken && { RefreshToken: refreshToken }),
        },
      },
    };
  }
}

function refuse(type: string, message: string): Answer {
  return { status: 400, answer: { __type: type, message } };
}
