/** Callers' ids are free strings, the database's are UUIDs: each text has one UUID, and a UUID is its own. */
import { createHash } from 'node:crypto';

/** Drawn once; changing it would orphan every row. */
const FABLE_NAMESPACE = '6f1f6c0e-2f1b-5d0c-9a57-3d1f0c8f6b42';
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => uuidPattern.test(text);

/** A UUIDv5 (RFC 9562) of the text. */
export function uuidV5(text: string, namespace: string = FABLE_NAMESPACE): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(text, 'utf8')
    .digest()
    .subarray(0, 16);
  bytes[6] = 0x50 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export const toUuid = (id: string): string => (isUuid(id) ? id.toLowerCase() : uuidV5(id));
