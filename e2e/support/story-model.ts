/**
 * A scripted model for Story-42: writes topics, outlines and stories of exactly the form and size that a prompt asks for,
 * and calls the agent's tools in an order that the message spells out. It understands nothing.
 */
import type { ChatCompletionRequest, ChatMessage, Reply } from './model';

export type StoryModelMode = 'story' | 'plain text';

export interface StoryModel {
  mode: StoryModelMode;
  /** Before each answer. @default 0 */
  delayMs: number;
  readonly reply: (request: ChatCompletionRequest) => Promise<Reply>;
}

export function storyModel(): StoryModel {
  const model: StoryModel = {
    mode: 'story',
    delayMs: 0,
    async reply(request) {
      if (model.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, model.delayMs));
      if (model.mode === 'plain text') return { content: plainStory };
      return (request.tools ?? []).length > 0 ? agentReply(request) : storyReply(request.messages);
    },
  };
  return model;
}

export const plainStory = [
  'Once a lamp wanted to see the sea.',
  'It rolled down the hill, over stones and through the grass.',
  'At the shore it shone, and the ships came home.',
].join('\n\n');

function storyReply(messages: readonly ChatMessage[]): Reply {
  const prompt = [...messages].reverse().find(({ role }) => role === 'user')?.content ?? '';
  const number = (pattern: RegExp) => Number(pattern.exec(prompt)?.[1] ?? 0);
  const json = (value: unknown): Reply => ({ content: JSON.stringify(value) });
  if (/^Find \d+ ideas/m.test(prompt)) {
    const topics = range(number(/Find (\d+) ideas/)).map((n) => ({
      title: `Idea ${n}`,
      summary: `What happens in ${n}.`,
    }));
    return json({ topics });
  }
  if (/^Plan a story of exactly/m.test(prompt)) {
    const segments = range(number(/exactly (\d+) segments/)).map((n) => ({
      heading: `Part ${n}`,
      synopsis: `What happens in part ${n}.`,
    }));
    return json({ title: 'The lamp and the sea', summary: 'A lamp goes to the sea.', segments });
  }
  if (prompt.includes('Write this one segment anew')) {
    const wish = /What the author wants changed: "([^"]*)"/.exec(prompt)?.[1] ?? 'nothing';
    return json({ heading: 'Part anew', text: `Written anew: ${wish}.`, image_prompt: 'A lamp, anew' });
  }
  const count = number(/: exactly (\d+)\./) || number(/exactly (\d+) segments/);
  const from = number(/Write segments (\d+) to/) || 1;
  const segments = range(count).map((n) => ({
    heading: `Part ${n + from - 1}`,
    text: `The lamp rolls on, for the ${n + from - 1}. time. It can hear the sea.`,
    image_prompt: `A lamp near the sea, picture ${n + from - 1}`,
  }));
  return json({ title: 'The lamp and the sea', segments });
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/**
 * A message such as `do: web_search {"query":"lamps"} ; load_session {}` is done tool by tool, one a round; the answer then
 * tells what the tools gave. `$segment` in an input stands for the first segment id that an earlier result had.
 */
function agentReply({ messages }: ChatCompletionRequest): Reply {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const message = messages[asked]?.content ?? '';
  const results = messages.slice(asked + 1).filter(({ role }) => role === 'tool');
  const steps = message.startsWith('do: ') ? message.slice(4).split(' ; ') : [];
  const step = steps[results.length];
  if (step === undefined) {
    const earlier = messages.slice(0, asked).filter(({ role }) => role === 'user');
    return {
      content: `DONE ${results.length} | EARLIER ${earlier.length} | ${results.map(({ content }) => content).join(' | ')}`,
    };
  }
  const [name = '', ...rest] = step.trim().split(' ');
  const segment = /"segment_id":\s*"([0-9a-f-]{36})"/.exec(results.map(({ content }) => content).join())?.[1] ?? '';
  const input = JSON.parse((rest.join(' ') || '{}').replaceAll('$segment', segment)) as Record<string, unknown>;
  return { tool: name, input };
}
