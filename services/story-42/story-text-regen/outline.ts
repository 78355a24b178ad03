/** `/generate-story-outline`. */
import * as z from 'zod/mini';
import { ModelError } from '../../common/bedrock/errors';
import type { Action } from '../common/actions';
import { MAX_SEGMENTS, type Outline, type RequestOf, type TokenUsage } from '../common/schemas';
import { addUsage, ask } from './ask';
import { saveText, type TextContext } from './context';
import { clip, splitIntoParts } from './plain-text';
import { outlinePrompt, outlineSystem, type Brief } from './prompts';

const answerSchema = z.object({
  title: z.string().check(z.regex(/\S/)),
  summary: z._default(z.string(), ''),
  segments: z
    .array(z.object({ heading: z._default(z.string(), ''), synopsis: z.string().check(z.regex(/\S/)) }))
    .check(z.minLength(1)),
});

export const outlineAction = (context: TextContext): Action<RequestOf<'generate-story-outline'>> => ({
  async run(call) {
    const { topic, audience, genre, language, segment_count } = call.input;
    const brief = { topic, audience, genre, language };
    const { outline, usage } = await makeOutline(context, brief, segment_count, call.signal);
    const session = await saveText(context, call, (current) => ({
      ...current,
      topic,
      audience: audience ?? current.audience,
      genre: genre ?? current.genre,
      language,
      title: current.segments.length > 0 ? current.title : outline.title,
      outline,
      model_id: context.model.modelId,
      usage: addUsage(current.usage, usage),
    }));
    return { session_id: session.session_id, outline };
  },
});

export async function makeOutline(
  { model }: TextContext,
  brief: Brief,
  segmentCount: number,
  signal: AbortSignal,
): Promise<{ readonly outline: Outline; readonly usage: TokenUsage }> {
  const { value, text, usage } = await ask(model, {
    system: outlineSystem(brief.language),
    prompt: outlinePrompt(brief, segmentCount),
    schema: answerSchema,
    complaint: ({ segments }) =>
      segments.length === segmentCount ? undefined : `it has ${segments.length} segments instead of ${segmentCount}`,
    maxTokens: 500 + 150 * segmentCount,
    signal,
  });
  const parts = value
    ? value.segments.slice(0, MAX_SEGMENTS)
    : splitIntoParts(text, segmentCount).map((part) => ({ heading: part.heading ?? '', synopsis: part.text }));
  if (parts.length === 0) throw new ModelError('the model answered without an outline');
  const outline: Outline = {
    title: clip((value?.title ?? brief.topic ?? 'Untitled').trim(), 300),
    summary: clip((value?.summary ?? '').trim(), 4_000),
    segments: parts.map(({ heading, synopsis }, index) => ({
      index: index + 1,
      heading: clip(heading.trim(), 300),
      synopsis: clip(synopsis.trim(), 4_000),
    })),
  };
  return { outline, usage };
}
