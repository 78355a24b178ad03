/** Ids and the shapes that callers' own ids may have. */
import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';

/** A UUIDv7 (RFC 9562): ids sort as the moments at which they were made, to the millisecond. */
export function uuidV7(now: Date = new Date(), random: Uint8Array = randomBytes(10)): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Users and organisations are free strings, but nothing that could end a key or a path. */
export const claimPattern = /^[A-Za-z0-9_.-]{1,64}$/;

const claim = (what: string) =>
  z.string(`${what} is required`).check(z.regex(claimPattern, `${what} must be 1 to 64 of A-Z a-z 0-9 _ . -`));

export const userIdSchema = claim('userId');
export const orgIdSchema = claim('orgId');
export const conversationIdSchema = claim('conversationId');

/** As `uuidV7` writes it; also the name of the build's execution. */
export const buildIdSchema = z
  .string('buildId is required')
  .check(z.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'buildId must be a UUID in lower case'));
