/** Who is asking: checks a Cognito ID token by the user pool's public keys. Not sessions, not refreshing. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { principalOf, requireGroup, type Principal } from '../../common/principal';
import { signInUnavailable, unauthorized } from './errors';

/** Clocks of two machines differ. */
const TOLERANCE_SECONDS = 30;

export interface Caller {
  readonly principal: Principal;
  /** As it came, for calls on the caller's behalf. */
  readonly token: string;
}

export interface TokenVerifierOptions {
  readonly region: string;
  readonly userPoolId: string;
  readonly clientId: string;
  readonly jwksUrl: string;
  /** @default 5000 */
  readonly jwksMilliseconds?: number;
  /** @default - the clock */
  readonly now?: () => Date;
}

export class TokenVerifier {
  readonly #keys: JWTVerifyGetKey;
  readonly #issuer: string;
  readonly #clientId: string;
  readonly #now: (() => Date) | undefined;

  constructor(options: TokenVerifierOptions) {
    const { region, userPoolId, clientId, jwksUrl, jwksMilliseconds = 5_000, now } = options;
    this.#keys = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: jwksMilliseconds });
    this.#issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
    this.#clientId = clientId;
    this.#now = now;
  }

  /** Rejects with 401, or with `forbidden` for somebody who is known but in neither group. */
  async caller(authorization: string | undefined): Promise<Caller> {
    const token = tokenOf(authorization);
    const claims = await this.#verified(token);
    if (claims.token_use !== 'id') throw unauthorized('send the ID token, not another one');
    const principal = principalOf(claims);
    requireGroup(principal);
    return { principal, token };
  }

  async #verified(token: string) {
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer: this.#issuer,
        audience: this.#clientId,
        algorithms: ['RS256'],
        requiredClaims: ['exp', 'sub'],
        clockTolerance: TOLERANCE_SECONDS,
        ...(this.#now && { currentDate: this.#now() }),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthorized('the token has expired');
      if (isForeign(error)) {
        // Its own cause would hold the claims.
        throw unauthorized('the token is not one of this user pool and client', error.code);
      }
      throw signInUnavailable(error);
    }
  }
}

/** The rest are faults in reaching or reading the keys, which say nothing about the token. */
const isForeign = (error: unknown): error is errors.JOSEError =>
  error instanceof errors.JWTInvalid ||
  error instanceof errors.JWTClaimValidationFailed ||
  error instanceof errors.JWSInvalid ||
  error instanceof errors.JWSSignatureVerificationFailed ||
  error instanceof errors.JOSEAlgNotAllowed ||
  error instanceof errors.JOSENotSupported ||
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys;

/** With or without `Bearer`, as API Gateway takes it. */
function tokenOf(authorization: string | undefined): string {
  const token = /^(?:Bearer +)?([\w-]+\.[\w-]+\.[\w-]+) *$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw unauthorized('send Authorization: Bearer <ID token>');
  return token;
}
