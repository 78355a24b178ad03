/** What requests to the agent must look like. The story API's own requests are in the common schemas. */
import { z } from 'zod';

export const MAX_SPEECH_CHARACTERS = 5_000;

export const sessionId = z.uuid('must be a UUID');
export const segmentId = z.uuid('must be a UUID');

/** Text that is there: not empty, not only blanks. */
export const text = (most: number) =>
  z
    .string(`must be a text of 1-${most} characters`)
    .max(most, `must have 1-${most} characters`)
    .regex(/\S/, `must have 1-${most} characters, not only blanks`);

export const chatRequest = z.strictObject({ message: text(8_000), session_id: sessionId.optional() });

/** A voice's name goes to the speech service as it is. */
export const voice = z.string().regex(/^[\w .:-]{1,64}$/, 'must be the name of a voice');

export const speechRequest = z
  .strictObject({
    session_id: sessionId.optional(),
    segment_id: segmentId.optional(),
    text: text(MAX_SPEECH_CHARACTERS).optional(),
    voice: voice.optional(),
  })
  .refine(
    (body) =>
      body.text === undefined
        ? body.session_id !== undefined && body.segment_id !== undefined
        : body.session_id === undefined && body.segment_id === undefined,
    { path: ['text'], error: 'give either session_id and segment_id, or text' },
  )
  .meta({
    oneOf: [
      { required: ['text'], properties: { session_id: false, segment_id: false } },
      { required: ['session_id', 'segment_id'], properties: { text: false } },
    ],
  });

export const sessionParams = z.strictObject({ id: sessionId });
