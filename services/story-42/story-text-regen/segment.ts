/** `/regenerate-segment`: new text for one segment; no other changes. */
import * as z from 'zod/mini';
import type { Action } from '../common/actions';
import { conflict, segmentNotFound } from '../common/errors';
import type { RequestOf, Segment } from '../common/schemas';
import { findSegment, withSegment } from '../common/session';
import { segmentView } from '../common/views';
import { addUsage, ask } from './ask';
import { saveStoryFile, saveText, type TextContext } from './context';
import { clip } from './plain-text';
import { segmentPrompt, storySystem } from './prompts';
import { imagePromptOf } from './story';

const answerSchema = z.object({
  heading: z._default(z.string(), ''),
  text: z.string().check(z.regex(/\S/)),
  image_prompt: z._default(z.string(), ''),
});

export const segmentAction = (context: TextContext): Action<RequestOf<'regenerate-segment'>> => ({
  check({ input, session }) {
    if (!session || !findSegment(session, input.segment_id)) throw segmentNotFound(input.segment_id);
  },

  async run(call) {
    const session = call.session!;
    const { segment_id, instruction } = call.input;
    const segment = findSegment(session, segment_id)!;
    const { value, text, usage } = await ask(context.model, {
      system: storySystem(session.language),
      prompt: segmentPrompt(session, segment, instruction),
      schema: answerSchema,
      maxTokens: 4_096,
      signal: call.signal,
    });
    const draft = value ?? { heading: '', text, image_prompt: '' };
    const heading = clip(draft.heading.trim() || segment.heading, 300);
    const written = draft.text.trim();
    const image_prompt = clip(draft.image_prompt.trim() || imagePromptOf(session.title ?? '', heading, written), 2_000);
    const saved = await saveText(context, call, (current) => {
      const now = findSegment(current, segment_id);
      if (!now) throw segmentNotFound(segment_id);
      if (now.text !== segment.text) throw conflict('the text of this segment has been changed meanwhile');
      // What was spoken is not what is written any more.
      const changed: Segment = {
        ...now,
        heading,
        text: written,
        image_prompt,
        audio_key: null,
        revision: now.revision + 1,
      };
      return {
        ...withSegment(current, changed),
        model_id: context.model.modelId,
        usage: addUsage(current.usage, usage),
      };
    });
    await saveStoryFile(context, saved);
    const changed = findSegment(saved, segment_id)!;
    return {
      session_id: saved.session_id,
      segment: await segmentView(changed, context.objects),
      revision: saved.revision,
    };
  },
});
