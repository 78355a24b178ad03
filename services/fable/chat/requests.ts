/** The frames that clients send. */
import * as z from 'zod/mini';
import { badRequest, validated } from '../common/errors';
import { FRAME_BYTES } from '../common/frames';
import { buildIdSchema, conversationIdSchema } from '../common/ids';

const text = (what: string) =>
  z.string(`${what} is required`).check(z.refine((value) => value.trim() !== '', `${what} is empty`));

/** What builds may be asked for is checked where they start. */
const requestSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('message'),
      message: text('message'),
      conversationId: z.optional(conversationIdSchema),
    }),
    z.strictObject({
      type: z.literal('build'),
      request: text('request'),
      spec: z.optional(z.record(z.string(), z.unknown(), 'spec must be an object')),
      conversationId: z.optional(conversationIdSchema),
    }),
    z.strictObject({ type: z.literal('build_status'), buildId: buildIdSchema }),
    z.strictObject({ type: z.literal('history'), conversationId: conversationIdSchema }),
    z.strictObject({ type: z.literal('ping') }),
  ],
  'type must be one of message, build, build_status, history, ping',
);
export type ChatRequest = z.output<typeof requestSchema>;
export type RequestOf<Type extends ChatRequest['type']> = Extract<ChatRequest, { type: Type }>;

const BUILD_COMMAND = '/build ';

/** A message that begins with `/build ` is a build. @throws FableError `BAD_REQUEST` */
export function parseRequest(body: string): ChatRequest {
  if (Buffer.byteLength(body) > FRAME_BYTES) {
    throw badRequest([{ path: '', message: `a frame must be at most ${FRAME_BYTES} bytes` }]);
  }
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw badRequest([{ path: '', message: 'a frame must be JSON' }]);
  }
  const request = validated(requestSchema, json);
  if (request.type !== 'message' || !request.message.startsWith(BUILD_COMMAND)) return request;
  const { message, conversationId } = request;
  return validated(requestSchema, {
    type: 'build',
    request: message.slice(BUILD_COMMAND.length).trim(),
    ...(conversationId !== undefined && { conversationId }),
  });
}
