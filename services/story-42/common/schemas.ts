/**
 * Every request and success body of the story API, once: requests are validated by these schemas, and the API reference
 * is generated from them. `zod/mini`, because the functions that load this are small and start often.
 */
import * as z from 'zod/mini';
import { errorStatuses, type ErrorCode } from './errors';
import {
  longest,
  text,
  optionalText,
  whole,
  uuid,
  sessionId,
  segmentId,
  instant,
  url,
  count,
  language,
  asynchronous,
  audience,
  genre,
  segmentEditSchema,
  style,
  version,
} from './fields';
import { longActions, storyRoutes, type LongAction, type StoryAction, type StoryRoute } from './routes';

export const MAX_SEGMENTS = 20;
export const imageSizes = ['1024x1024', '896x1280', '1280x896', '768x1408', '1408x768'] as const;

export const outlineSegmentSchema = z.strictObject({
  index: z.int().check(z.minimum(1), z.maximum(MAX_SEGMENTS), z.meta({ description: 'Place in the story, from 1' })),
  heading: z.string().check(longest(300), z.meta({ maxLength: 300 })),
  synopsis: z.string().check(longest(4_000), z.meta({ maxLength: 4_000 })),
});

export const outlineSchema = z.strictObject({
  title: text(300, 'Title of the story'),
  summary: z.string().check(longest(4_000), z.meta({ maxLength: 4_000 })),
  segments: z.array(outlineSegmentSchema).check(z.minLength(1), z.maxLength(MAX_SEGMENTS)),
});

export const topicSchema = z.object({ id: z.string(), title: z.string(), summary: z.string() });

export const usageSchema = z.object({ input_tokens: count, output_tokens: count });

export const segmentSchema = z.object({
  segment_id: segmentId,
  index: z.int().check(z.minimum(1), z.meta({ description: 'Place in the story, from 1' })),
  heading: z.string(),
  text: z.string(),
  image_prompt: z.string(),
  image_key: z.nullable(z.string()),
  audio_key: z.nullable(z.string()),
  revision: z.int().check(z.minimum(1), z.meta({ description: 'Raised by every change of this segment' })),
  image_url: z.optional(url),
  audio_url: z.optional(url),
});

export const failedImageSchema = z.object({ segment_id: z.string(), code: z.string(), message: z.string() });

export const imageSchema = z.object({
  segment_id: segmentId,
  key: z.string(),
  url,
  content_type: z.literal('image/png'),
});

export const sessionStatuses = ['draft', 'pending', 'complete', 'failed'] as const;

export const sessionErrorSchema = z.object({ code: z.string(), message: z.string() });

export const jobSchema = z.object({
  job_id: uuid('Id of the job'),
  action: z.enum(longActions),
  status: z.enum(['pending', 'complete', 'failed']),
  created_at: instant,
  started_at: z.nullable(instant),
  finished_at: z.nullable(instant),
  deadline: instant,
  error: z.nullable(sessionErrorSchema),
  failed: z.optional(z.array(failedImageSchema)),
});

/** As answered; in the table there is a little more (session-store.ts). */
export const sessionSchema = z.object({
  session_id: sessionId,
  owner_sub: z.string(),
  status: z.enum(sessionStatuses),
  title: z.nullable(z.string()),
  topic: z.nullable(z.string()),
  audience: z.nullable(z.string()),
  genre: z.nullable(z.string()),
  language: z.string(),
  topics: z.nullable(z.array(topicSchema)),
  outline: z.nullable(outlineSchema),
  segments: z.array(segmentSchema),
  revision: z
    .int()
    .check(z.minimum(1), z.meta({ description: 'Raised by every change; PUT must name the current one' })),
  story_key: z.nullable(z.string()),
  model_id: z.nullable(z.string()),
  usage: z.nullable(usageSchema),
  job: z.nullable(jobSchema),
  error: z.nullable(sessionErrorSchema),
  created_at: instant,
  updated_at: instant,
  expires_at: z.int().check(z.meta({ description: 'Unix time in seconds' })),
});

export const sessionSummarySchema = z.object({
  session_id: sessionId,
  status: z.enum(sessionStatuses),
  title: z.nullable(z.string()),
  topic: z.nullable(z.string()),
  segment_count: count,
  revision: z.int().check(z.minimum(1)),
  created_at: instant,
  updated_at: instant,
});

export const topicsRequest = z.strictObject({
  theme: z.optional(text(500, 'What the ideas are about; without it, anything goes')),
  audience,
  language,
  count: whole(1, 20, 5, 'How many ideas'),
  async: asynchronous,
});

export const outlineRequest = z.strictObject({
  topic: text(500, 'What the story is about'),
  session_id: z.optional(sessionId),
  audience,
  genre,
  language,
  segment_count: whole(1, MAX_SEGMENTS, 5, 'How many segments'),
  async: asynchronous,
});

export const storyRequest = z
  .strictObject({
    topic: z.optional(text(500, 'What the story is about')),
    outline: z.optional(outlineSchema),
    session_id: z.optional(sessionId),
    audience,
    genre,
    language: z.optional(language),
    segment_count: whole(1, MAX_SEGMENTS, 5, 'How many segments, when there is no outline that says so'),
    words_per_segment: whole(50, 400, 150, 'About how long each segment is'),
    with_images: z._default(z.boolean().check(z.meta({ description: 'Make the images, too' })), false),
    async: asynchronous,
  })
  .check(
    z.refine(
      ({ topic, outline, session_id }) => topic !== undefined || outline !== undefined || session_id !== undefined,
      { path: ['topic'], error: 'give a topic, an outline, or the session_id of a session that has an outline' },
    ),
    z.meta({ anyOf: [{ required: ['topic'] }, { required: ['outline'] }, { required: ['session_id'] }] }),
  );

export const segmentRequest = z.strictObject({
  session_id: sessionId,
  segment_id: segmentId,
  instruction: optionalText(1_000, 'What to change'),
  async: asynchronous,
});

export const imagesRequest = z.strictObject({
  session_id: sessionId,
  segment_ids: z.optional(
    z.array(segmentId).check(
      z.minLength(1),
      z.maxLength(MAX_SEGMENTS),
      z.refine((ids: string[]) => new Set(ids).size === ids.length, { error: 'must not name a segment twice' }),
      z.meta({ description: 'By default all that have no image', uniqueItems: true }),
    ),
  ),
  style,
  size: z._default(z.enum(imageSizes).check(z.meta({ description: 'Width by height' })), '1024x1024'),
  async: asynchronous,
});

export const imageRequest = z.strictObject({
  session_id: sessionId,
  segment_id: segmentId,
  instruction: optionalText(1_000, 'What to change'),
  style,
  async: asynchronous,
});

export const sessionParams = z.strictObject({ session_id: sessionId });

export const listQuery = z.strictObject({
  limit: z._default(
    z
      .int('must be a whole number from 1 to 100')
      .check(
        z.minimum(1, 'must be a whole number from 1 to 100'),
        z.maximum(100, 'must be a whole number from 1 to 100'),
      ),
    20,
  ),
  cursor: z.optional(z.string().check(z.maxLength(500), z.meta({ description: '`next_cursor` of the page before' }))),
});

export const putRequest = z
  .strictObject({
    revision: z.int('must be the revision that was read').check(z.minimum(1)),
    title: z.optional(text(300, 'The new title')),
    segments: z.optional(
      z.array(segmentEditSchema).check(
        z.maxLength(MAX_SEGMENTS),
        z.refine(
          (edits: { segment_id: string }[]) => new Set(edits.map((edit) => edit.segment_id)).size === edits.length,
          { error: 'must not name a segment twice' },
        ),
        z.meta({ description: 'The segments to change; those that are not named stay as they are' }),
      ),
    ),
  })
  .check(
    z.refine(({ title, segments }) => title !== undefined || segments !== undefined, {
      path: ['title'],
      error: 'give a title or segments',
    }),
    z.meta({ anyOf: [{ required: ['title'] }, { required: ['segments'] }] }),
  );

const topicsResponse = z.object({ session_id: sessionId, topics: z.array(topicSchema), version });
const outlineResponse = z.object({ session_id: sessionId, outline: outlineSchema, version });
const storyResponse = z.object({
  session_id: sessionId,
  status: z.enum(sessionStatuses),
  story: z.object({ title: z.string(), segments: z.array(segmentSchema) }),
  story_key: z.string(),
  model_id: z.string(),
  usage: usageSchema,
  failed: z.optional(
    z.array(failedImageSchema).check(z.meta({ description: 'With `with_images`: what has no image' })),
  ),
  version,
});
const segmentResponse = z.object({ session_id: sessionId, segment: segmentSchema, revision: z.int(), version });
const imagesResponse = z.object({
  session_id: sessionId,
  images: z.array(imageSchema),
  failed: z.array(failedImageSchema),
  version,
});
const imageResponse = z.object({
  session_id: sessionId,
  image: imageSchema,
  previous_key: z.nullable(z.string()),
  version,
});
const listResponse = z.object({
  sessions: z.array(sessionSummarySchema),
  next_cursor: z.nullable(z.string()),
  version,
});
const sessionResponse = z.extend(sessionSchema, { version });

/** The answer to `"async": true`. */
export const acceptedResponse = z.object({
  session_id: sessionId,
  job_id: uuid('Id of the job'),
  status: z.literal('pending'),
  version,
});

export const errorResponse = z.object({
  error: z.object({
    code: z.enum(Object.keys(errorStatuses) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    request_id: z.string(),
    fields: z.optional(z.array(z.object({ field: z.string(), message: z.string() }))),
  }),
});

interface Shapes {
  readonly summary: string;
  /** @default - no path parameters */
  readonly params?: z.core.$ZodObject;
  readonly query?: z.core.$ZodObject;
  /** Of the JSON body. @default - there is none */
  readonly request?: z.core.$ZodObject;
  /** @default - there is none */
  readonly response?: z.core.$ZodObject;
  readonly status: 200 | 204;
  /** What it may answer besides; 401, 403 and 500 go without saying. */
  readonly errors: readonly ErrorCode[];
}

const model = ['validation_error', 'session_not_found', 'conflict', 'throttled', 'model_error', 'timeout'] as const;
const images = [
  'validation_error',
  'session_not_found',
  'segment_not_found',
  'conflict',
  'throttled',
  'image_provider_error',
  'timeout',
] as const;

export const actionShapes = {
  'generate-topics-ideas': {
    summary: 'Topic ideas',
    request: topicsRequest,
    response: topicsResponse,
    status: 200,
    errors: ['validation_error', 'throttled', 'model_error', 'timeout'],
  },
  'generate-story-outline': {
    summary: 'The outline of a story',
    request: outlineRequest,
    response: outlineResponse,
    status: 200,
    errors: model,
  },
  'generate-story': {
    summary: 'A complete story',
    request: storyRequest,
    response: storyResponse,
    status: 200,
    errors: model,
  },
  'regenerate-segment': {
    summary: 'New text for one segment',
    request: segmentRequest,
    response: segmentResponse,
    status: 200,
    errors: [...model, 'segment_not_found'],
  },
  'generate-story-image': {
    summary: 'Images for a story',
    request: imagesRequest,
    response: imagesResponse,
    status: 200,
    errors: images,
  },
  'regenerate-segment-image': {
    summary: 'A new image for one segment',
    request: imageRequest,
    response: imageResponse,
    status: 200,
    errors: images,
  },
  'list-sessions': {
    summary: "The caller's sessions, newest first",
    query: listQuery,
    response: listResponse,
    status: 200,
    errors: ['validation_error'],
  },
  'get-session': {
    summary: 'One session, with fresh URLs',
    params: sessionParams,
    response: sessionResponse,
    status: 200,
    errors: ['validation_error', 'session_not_found'],
  },
  'put-session': {
    summary: 'Save an edited title or edited segments',
    params: sessionParams,
    request: putRequest,
    response: sessionResponse,
    status: 200,
    errors: ['validation_error', 'session_not_found', 'segment_not_found', 'conflict'],
  },
  'delete-session': {
    summary: 'Delete a session and all its objects',
    params: sessionParams,
    status: 204,
    errors: ['validation_error', 'session_not_found'],
  },
} as const satisfies Record<StoryAction, Shapes>;

type BodyOf<Action extends StoryAction> = (typeof actionShapes)[Action] extends { request: infer Body } ? Body : never;

/** A validated body, with its defaults filled in. */
export type RequestOf<Action extends LongAction | 'put-session'> = z.output<BodyOf<Action>>;

export type Session = z.output<typeof sessionSchema>;
export type Segment = z.output<typeof segmentSchema>;
export type SessionSummary = z.output<typeof sessionSummarySchema>;
export type Outline = z.output<typeof outlineSchema>;
export type Topic = z.output<typeof topicSchema>;
export type Job = z.output<typeof jobSchema>;
export type FailedImage = z.output<typeof failedImageSchema>;
export type StoryImage = z.output<typeof imageSchema>;
export type TokenUsage = z.output<typeof usageSchema>;

/** Routes and shapes together: what the API reference is made from. */
export const routes: readonly (StoryRoute & { readonly action: StoryAction } & Shapes & { readonly async: boolean })[] =
  storyRoutes.map((route) => ({
    ...route,
    ...(actionShapes[route.action] as Shapes),
    async: (longActions as readonly string[]).includes(route.action),
  }));
