/** The functions, invoked directly: one segment's text or image anew, and edits of a story. */
import * as z from 'zod';
import { ToolError } from '../../../common/bedrock/errors';
import type { FunctionInvoker } from '../../common/invoker';
import type { StoryAction } from '../../common/routes';
import { sessionSchema } from '../../common/schemas';
import { sessionBrief } from './brief';
import { defineTool, type ToolCallContext } from './tool';

/** Below the time of a whole message; a function itself may go on for longer. */
export const FUNCTION_MILLISECONDS = 90_000;
const DATA_MILLISECONDS = 20_000;

export interface FunctionToolOptions {
  readonly invoker: FunctionInvoker;
  readonly functionName: string;
}

const segment = {
  session_id: z.uuid().optional().describe('By default the session of this conversation'),
  segment_id: z.uuid().describe('Which segment, as load_session tells'),
};
const instruction = z.string().max(1_000).optional().describe('What to change');

export const regenerateText = (options: FunctionToolOptions) =>
  defineTool({
    name: 'regenerate_text',
    description: 'Writes the text of one segment of a story anew and saves it.',
    owner: 'the text function',
    timeoutMilliseconds: FUNCTION_MILLISECONDS,
    input: z.strictObject({ ...segment, instruction }),
    run: (input, context) => onSegment(options, context, 'regenerate-segment', input),
  });

export const regenerateImage = (options: FunctionToolOptions) =>
  defineTool({
    name: 'regenerate_image',
    description:
      'Makes the image of one segment of a story, or a new one, and saves it. The old one is kept for a while.',
    owner: 'the image function',
    timeoutMilliseconds: FUNCTION_MILLISECONDS,
    input: z.strictObject({
      ...segment,
      instruction,
      style: z.string().max(200).optional().describe('For example "watercolour"'),
    }),
    run: (input, context) => onSegment(options, context, 'regenerate-segment-image', input),
  });

/** The data function does it: what an edit means, with its revisions and its `story.json`, is said there once. */
export const saveSession = (options: FunctionToolOptions) =>
  defineTool({
    name: 'save_session',
    description:
      'Saves an edited title or edited segments of a story, word for word as given. Load the session first: its current revision is needed.',
    owner: 'the data function',
    timeoutMilliseconds: DATA_MILLISECONDS,
    input: z.strictObject({
      session_id: segment.session_id,
      revision: z.int().min(1).describe("The session's revision as load_session told it"),
      title: z.string().min(1).max(300).optional(),
      segments: z
        .array(
          z.strictObject({
            segment_id: z.uuid(),
            heading: z.string().max(300).optional(),
            text: z.string().min(1).max(50_000).optional(),
            image_prompt: z.string().max(2_000).optional(),
          }),
        )
        .optional()
        .describe('Only those that change'),
    }),
    run: async (input, context) => {
      const { sessionId, answer } = await invoke(options, context, 'put-session', input);
      context.turn.hasChanged(sessionId);
      return sessionBrief(sessionSchema.parse(answer));
    },
  });

async function onSegment(
  options: FunctionToolOptions,
  context: ToolCallContext,
  action: StoryAction,
  input: { readonly session_id?: string },
) {
  const { sessionId, answer } = await invoke(options, context, action, input);
  context.turn.hasChanged(sessionId);
  return withoutUrls(answer);
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

async function invoke(
  { invoker, functionName }: FunctionToolOptions,
  { turn, signal }: ToolCallContext,
  action: StoryAction,
  input: { readonly session_id?: string },
) {
  const sessionId = input.session_id ?? turn.sessionId;
  const { sub, groups } = turn.caller.principal;
  const { statusCode, body } = await invoker.call(
    functionName,
    { action, body: { ...input, session_id: sessionId }, principal: { sub, groups } },
    signal,
  );
  if (statusCode < 400) return { sessionId, answer: body };
  const refusal = errorSchema.safeParse(body);
  throw new ToolError(
    refusal.success
      ? `${refusal.data.error.code}: ${refusal.data.error.message}`
      : `the function answered ${statusCode}`,
  );
}

/** Presigned ones are long, secret and of no use to a model. */
const withoutUrls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner: unknown) => (/(^|_)url$/.test(key) ? undefined : inner)));
