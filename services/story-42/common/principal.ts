/** Who is asking: the Cognito user behind a token's claims, and whether one of the two groups lets them in. */
import { forbidden } from './errors';

export const storyGroups = ['admin', 'author'] as const;

export interface Principal {
  readonly sub: string;
  readonly groups: readonly string[];
  readonly email?: string;
}

/** From verified claims, as an API's authorizer or a JWT library gives them. */
export function principalOf(claims: Readonly<Record<string, unknown>> | null | undefined): Principal {
  const sub = claims?.sub;
  if (typeof sub !== 'string' || sub === '') throw forbidden('the request carries no identity');
  const email = claims?.email;
  return { sub, groups: parseGroups(claims?.['cognito:groups']), ...(typeof email === 'string' && { email }) };
}

/** A list, or one string: `admin`, `admin,author` or `[admin author]`. */
export function parseGroups(claim: unknown): readonly string[] {
  if (Array.isArray(claim)) return claim.filter((name) => typeof name === 'string');
  if (typeof claim !== 'string') return [];
  return claim
    .replace(/^\s*\[|\]\s*$/g, '')
    .split(/[\s,]+/)
    .map((name) => name.replace(/^"|"$/g, ''))
    .filter((name) => name !== '');
}

/** @throws StoryError `forbidden` */
export function requireGroup(principal: Principal): void {
  if (principal.groups.some((name) => (storyGroups as readonly string[]).includes(name))) return;
  throw forbidden(`the user must be in group ${storyGroups.join(' or ')}`);
}
