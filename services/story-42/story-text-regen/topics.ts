/** `/generate-topics-ideas`. Each call makes a session, which keeps the ideas. */
import * as z from 'zod/mini';
import { ModelError } from '../../common/bedrock/errors';
import type { Action } from '../common/actions';
import type { RequestOf, Topic } from '../common/schemas';
import { addUsage, ask } from './ask';
import { saveText, type TextContext } from './context';
import { clip, linesToIdeas, type Idea } from './plain-text';
import { topicsPrompt, topicsSystem } from './prompts';

const answerSchema = z.object({
  topics: z
    .array(z.object({ title: z.string().check(z.regex(/\S/)), summary: z._default(z.string(), '') }))
    .check(z.minLength(1)),
});

export const topicsAction = (context: TextContext): Action<RequestOf<'generate-topics-ideas'>> => ({
  async run(call) {
    const { theme, audience, language, count } = call.input;
    const { value, text, usage } = await ask(context.model, {
      system: topicsSystem(language),
      prompt: topicsPrompt({ theme, audience, count }),
      schema: answerSchema,
      complaint: ({ topics }) =>
        topics.length < count ? `it has ${topics.length} ideas instead of ${count}` : undefined,
      maxTokens: 300 + 150 * count,
      signal: call.signal,
    });
    const ideas: readonly Idea[] = value?.topics ?? linesToIdeas(text, count);
    if (ideas.length === 0) throw new ModelError('the model answered without an idea');
    const topics = ideas.slice(0, count).map(({ title, summary }, index): Topic => ({
      id: `topic-${index + 1}`,
      title: clip(title.trim(), 300),
      summary: clip(summary.trim(), 4_000),
    }));
    const session = await saveText(context, call, (current) => ({
      ...current,
      topic: current.topic ?? theme ?? null,
      audience: audience ?? current.audience,
      language,
      topics,
      model_id: context.model.modelId,
      usage: addUsage(current.usage, usage),
    }));
    return { session_id: session.session_id, topics };
  },
});
