/** `/generate-story`: the whole text, in several calls of the model when it is long, and the images when they are wanted. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { ModelError } from '../../common/bedrock/errors';
import type { Action, ActionCall } from '../common/actions';
import { conflict } from '../common/errors';
import { storyKey } from '../common/objects';
import {
  MAX_SEGMENTS,
  type Outline,
  type RequestOf,
  type Segment,
  type Session,
  type TokenUsage,
} from '../common/schemas';
import { segmentViews } from '../common/views';
import { addUsage, ask, noUsage } from './ask';
import { saveStoryFile, saveText, type TextContext } from './context';
import { makeImages } from './images';
import { makeOutline } from './outline';
import { clip, splitIntoParts } from './plain-text';
import { storyPrompt, storySystem, type Brief } from './prompts';

type Call = ActionCall<RequestOf<'generate-story'>>;

/** What fits into the answer of every model: 4,096 tokens, with image prompts and for languages that need many. */
const WORDS_AT_ONCE = 1_200;
const MAX_TOKENS = 4_096;

const answerSchema = z.object({
  title: z._default(z.string(), ''),
  segments: z
    .array(
      z.object({
        heading: z._default(z.string(), ''),
        text: z.string().check(z.regex(/\S/)),
        image_prompt: z._default(z.string(), ''),
      }),
    )
    .check(z.minLength(1)),
});

interface Draft {
  readonly heading: string;
  readonly text: string;
  readonly image_prompt: string;
}

interface Written {
  readonly title: string;
  readonly drafts: readonly Draft[];
  readonly outline: Outline | undefined;
  readonly usage: TokenUsage;
}

export const storyAction = (context: TextContext): Action<RequestOf<'generate-story'>> => ({
  check({ input, session }) {
    if (input.topic !== undefined || input.outline !== undefined || session?.outline) return;
    throw conflict('that session has no outline; give a topic or an outline, or make one first');
  },

  async run(call) {
    const { input } = call;
    const brief = briefOf(call);
    const written = await write(context, call, brief);
    const segments = written.drafts.map((draft, index) => toSegment(draft, index, written));
    const saved = await saveText(context, call, (current) => ({
      ...current,
      title: written.title,
      topic: input.topic ?? current.topic,
      audience: brief.audience ?? null,
      genre: brief.genre ?? null,
      language: brief.language,
      outline: written.outline ?? null,
      segments,
      story_key: storyKey(current.session_id),
      model_id: context.model.modelId,
      usage: addUsage(current.usage, written.usage),
    }));
    await saveStoryFile(context, saved);
    const { session, failed } = input.with_images
      ? await makeImages(context, call, saved)
      : { session: saved, failed: undefined };
    return {
      session_id: session.session_id,
      status: session.status,
      story: { title: written.title, segments: await segmentViews(session.segments, context.objects) },
      story_key: storyKey(session.session_id),
      model_id: context.model.modelId,
      usage: written.usage,
      ...(failed && { failed }),
    };
  },
});

function briefOf({ input, session }: Call): Brief {
  return {
    topic: input.topic ?? session?.topic,
    audience: input.audience ?? session?.audience,
    genre: input.genre ?? session?.genre,
    language: input.language ?? session?.language ?? 'en',
  };
}

/** The session's outline counts as long as no other topic is given. */
function outlineOf(input: Call['input'], session: Session | undefined): Outline | undefined {
  if (input.outline) return input.outline;
  const other = input.topic !== undefined && input.topic !== session?.topic;
  return other ? undefined : (session?.outline ?? undefined);
}

async function write(context: TextContext, { input, session, signal }: Call, brief: Brief): Promise<Written> {
  const { words_per_segment: wordsPerSegment } = input;
  let outline = outlineOf(input, session);
  let usage = noUsage;
  const total = outline?.segments.length ?? input.segment_count;
  const atOnce = Math.max(1, Math.floor(WORDS_AT_ONCE / wordsPerSegment));
  if (!outline && total > atOnce) {
    const made = await makeOutline(context, brief, total, signal);
    outline = made.outline;
    usage = made.usage;
  }
  const drafts: Draft[] = [];
  let title = outline?.title ?? '';
  for (let from = 1; from <= total; from += atOnce) {
    const to = Math.min(total, from + atOnce - 1);
    const before = drafts.at(-1)?.text.slice(-1_500);
    const count = to - from + 1;
    const {
      value,
      text,
      usage: used,
    } = await ask(context.model, {
      system: storySystem(brief.language),
      prompt: storyPrompt({ brief, outline, wordsPerSegment, total, from, to, before }),
      schema: answerSchema,
      complaint: ({ segments }) =>
        segments.length === count ? undefined : `it has ${segments.length} segments instead of ${count}`,
      maxTokens: MAX_TOKENS,
      signal,
    });
    usage = addUsage(usage, used);
    if (title === '') title = value?.title.trim() ?? '';
    drafts.push(...(value ? value.segments : fromText(text, count)));
  }
  if (title === '') title = brief.topic ?? drafts[0]?.heading ?? '';
  return { title: clip(title || 'Untitled', 300), drafts: atMost(drafts), outline, usage };
}

function fromText(text: string, count: number): Draft[] {
  const parts = splitIntoParts(text, count);
  if (parts.length === 0) throw new ModelError('the model answered without a story');
  return parts.map((part) => ({ heading: part.heading ?? '', text: part.text, image_prompt: '' }));
}

/** More segments than a session can have: the last one takes in the rest, so that no text is lost. */
function atMost(drafts: readonly Draft[]): readonly Draft[] {
  if (drafts.length <= MAX_SEGMENTS) return drafts;
  const rest = drafts.slice(MAX_SEGMENTS - 1);
  return [...drafts.slice(0, MAX_SEGMENTS - 1), { ...rest[0]!, text: rest.map(({ text }) => text).join('\n\n') }];
}

function toSegment(draft: Draft, at: number, { title, outline }: Written): Segment {
  const heading = draft.heading.trim() || outline?.segments[at]?.heading || `${at + 1}`;
  const text = draft.text.trim();
  return {
    segment_id: randomUUID(),
    index: at + 1,
    heading: clip(heading, 300),
    text,
    image_prompt: clip(draft.image_prompt.trim() || imagePromptOf(title, heading, text), 2_000),
    image_key: null,
    audio_key: null,
    revision: 1,
  };
}

export const imagePromptOf = (title: string, heading: string, text: string): string =>
  `A scene from the story "${title}" (${heading}): ${clip(text, 600)}`;
