/** The fields that requests and answers are made of. */
import * as z from 'zod/mini';

/** Length in characters as people count them: JSON Schema does too, JavaScript does not. */
export const longest = (most: number) =>
  z.refine<string>((value) => value.length <= most || [...value].length <= most, {
    error: `must have at most ${most} characters`,
  });

/** Text that is there: not empty, not only blanks. */
export const text = (most: number, description: string) =>
  z
    .string()
    .check(z.regex(/\S/, 'must not be blank'), longest(most), z.meta({ description, minLength: 1, maxLength: most }));

export const optionalText = (most: number, description: string) =>
  z.optional(z.string().check(longest(most), z.meta({ description, maxLength: most })));

export const whole = (least: number, most: number, fallback: number, description: string) =>
  z._default(
    z
      .int(`must be a whole number from ${least} to ${most}`)
      .check(
        z.minimum(least, `must be a whole number from ${least} to ${most}`),
        z.maximum(most, `must be a whole number from ${least} to ${most}`),
        z.meta({ description }),
      ),
    fallback,
  );

export const uuid = (description: string) => z.uuid('must be a UUID').check(z.meta({ description }));
export const sessionId = uuid('Id of the session');
export const segmentId = uuid('Id of the segment');
export const instant = z.iso.datetime().check(z.meta({ description: 'ISO 8601, UTC' }));
export const url = z.string().check(z.meta({ description: 'Presigned URL, valid for one hour', format: 'uri' }));
export const count = z.int().check(z.minimum(0));

export const language = z._default(
  z
    .string()
    .check(
      z.regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$/, 'must be a language tag such as "en" or "pt-BR"'),
      z.meta({ description: 'Language of the story' }),
    ),
  'en',
);
export const asynchronous = z._default(
  z.boolean().check(z.meta({ description: 'Answer 202 at once and go on in the background' })),
  false,
);
export const audience = optionalText(200, 'For whom the story is, for example "children of 6 to 8"');
export const genre = optionalText(100, 'For example "adventure"');

export const style = optionalText(200, 'For example "watercolour"');

export const version = z.string().check(z.meta({ description: 'Version of the function that answered' }));

/** What of a segment can be edited; the rest may be sent back as it came and is ignored. */
export const segmentEditSchema = z.strictObject({
  segment_id: segmentId,
  heading: z.optional(z.string().check(longest(300), z.meta({ maxLength: 300 }))),
  text: z.optional(text(50_000, 'The new text')),
  image_prompt: z.optional(z.string().check(longest(2_000), z.meta({ maxLength: 2_000 }))),
  index: z.optional(z.unknown()),
  image_key: z.optional(z.unknown()),
  image_url: z.optional(z.unknown()),
  audio_key: z.optional(z.unknown()),
  audio_url: z.optional(z.unknown()),
  revision: z.optional(z.unknown()),
});
