/**
 * Which ids are allowed. They become parts of table keys (joined by `#`) and of secret paths (joined by `/`), so no id can
 * hold either character, be empty, or be a step up a path: one tenant's id can never spell another tenant's key.
 */
import { InvalidIdError } from './errors';

export type IdKind = 'tenant' | 'user' | 'session' | 'integration' | 'channelType' | 'channel';

interface IdRule {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed: string;
}

export const idRules: Readonly<Record<IdKind, IdRule>> = {
  tenant: {
    what: 'tenant id',
    pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    allowed: '1-63 of a-z, 0-9 and inner hyphens',
  },
  user: {
    what: 'user id',
    pattern: /^[A-Za-z0-9+][A-Za-z0-9._@+:=|-]{0,127}$/,
    allowed: '1-128 of letters, digits and . _ @ + : = | - starting with a letter, a digit or +',
  },
  session: {
    what: 'session id',
    pattern: /^[A-Za-z0-9][A-Za-z0-9._@+:=-]{0,255}$/,
    allowed: '1-256 of letters, digits and . _ @ + : = - starting with a letter or a digit',
  },
  integration: {
    what: 'integration name',
    pattern: /^[A-Za-z0-9][A-Za-z0-9._@+=-]{0,191}$/,
    allowed: '1-192 of letters, digits and . _ @ + = - starting with a letter or a digit',
  },
  // No hyphen: `channel-{type}-{id}` must name one channel only.
  channelType: { what: 'channel type', pattern: /^[a-z][a-z0-9_]{0,31}$/, allowed: '1-32 of a-z, 0-9 and _' },
  channel: {
    what: 'channel id',
    pattern: /^[A-Za-z0-9][A-Za-z0-9._@+=-]{0,127}$/,
    allowed: '1-128 of letters, digits and . _ @ + = - starting with a letter or a digit',
  },
};

export function isId(kind: IdKind, value: string): boolean {
  return idRules[kind].pattern.test(value);
}

/** Returns the id, so that keys can be built in one expression. */
export function checkedId(kind: IdKind, value: string): string {
  if (typeof value === 'string' && isId(kind, value)) return value;
  throw new InvalidIdError(`not a ${idRules[kind].what}; allowed: ${idRules[kind].allowed}`);
}

/** Under this integration name a channel's signing secret is kept. */
export const channelIntegration = (channelType: string, channelId: string): string =>
  `channel-${checkedId('channelType', channelType)}-${checkedId('channel', channelId)}`;

/**
 * Channels of this type are not channels: their ids are fingerprints of tenants' keys, so that a key alone finds its
 * tenant by the same index. Nobody can map or call one from outside.
 */
export const KEY_CHANNEL_TYPE = 'apikey';
