/** What requests must look like. Every problem is told at once, by path; values are not repeated. */
import { z } from 'zod';
import type { JsonObject } from '../../../../common/bedrock/types';
import { idRules, KEY_CHANNEL_TYPE, type IdKind } from '../../agent/ids';
import { invalidRequest } from './errors';

export const id = (kind: IdKind) =>
  z.string().regex(idRules[kind].pattern, `not a ${idRules[kind].what}; allowed: ${idRules[kind].allowed}`);

const MAX_DEPTH = 20;

/** JSON that a table can hold: not too deep, no numbers that lose digits. */
export const jsonObject = z
  .record(z.string(), z.unknown())
  .refine((value) => isStorable(value, 0), `nested deeper than ${MAX_DEPTH} levels, or a number beyond 2^53`)
  .transform((value) => value as JsonObject);

function isStorable(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (typeof value === 'number') return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every((inner) => isStorable(inner, depth + 1));
}

const message = z
  .string()
  .max(8_000, 'must have 1-8000 characters')
  .refine((text) => text.trim() !== '', 'must have 1-8000 characters, not only blanks');

export const chatBody = z.object({
  message,
  session_id: id('session').optional(),
  user_id: id('user').optional(),
  tenant_id: id('tenant').optional(),
});

export const conversationParams = z.object({ session_id: id('session') });
export const conversationQuery = z.object({ user_id: id('user').optional(), tenant_id: id('tenant').optional() });

const channelType = id('channelType').refine((type) => type !== KEY_CHANNEL_TYPE, 'is reserved');

export const webhookParams = z.object({ type: id('channelType'), id: id('channel') });
export const webhookBody = z.object({ user_id: id('user'), text: message, session_id: id('session').optional() });

export const tenantParams = z.object({ tenant_id: id('tenant') });
export const tenantBody = z.object({
  tenant_id: id('tenant'),
  name: z.string().trim().min(1).max(200),
  status: z.enum(['active', 'suspended']).default('active'),
  settings: jsonObject.default({}),
  custom_properties: jsonObject.default({}),
});

export const userBody = z.object({
  user_id: id('user'),
  email: z.email().max(254),
  display_name: z.string().trim().min(1).max(200),
  role: z.enum(['admin', 'member']).default('member'),
  preferences: jsonObject.default({}),
  custom_properties: jsonObject.default({}),
});

export const channelBody = z.object({
  channel_type: channelType,
  id: id('channel'),
  settings: jsonObject.default({}),
  signing_secret: z.string().min(1).max(1_000),
});

export const integrationParams = z.object({ tenant_id: id('tenant'), name: id('integration') });

/** A secret ends at 65,536 bytes. */
const MAX_SECRET_BYTES = 60_000;

export const integrationBody = z.union(
  [
    z.object({
      values: jsonObject
        .refine((values) => Object.keys(values).length > 0, 'must hold at least one value')
        .refine(
          (values) => Buffer.byteLength(JSON.stringify(values)) <= MAX_SECRET_BYTES,
          'is larger than 60,000 bytes',
        )
        .refine((values) => !('disabled' in values), 'must not have the key "disabled"'),
    }),
    z.object({ disabled: z.literal(true) }),
  ],
  { error: 'must be {"values": {...}} with at least one value (60,000 bytes at most), or {"disabled": true}' },
);

/** The key of a tenant or of the administrator: what cannot be guessed. */
export const keyValues = z.object({
  key: z.string().regex(/^[\x21-\x7e]{16,1024}$/, 'must have 16-1024 visible ASCII characters'),
});

export function parsed<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message: text }) => `${path.join('.') || 'body'}: ${text}`);
  throw invalidRequest(problems.join('; '));
}
