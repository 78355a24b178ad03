/** Topic ideas as cards to choose from. */
import { h } from './dom';
import type { Topic } from './types';
import { button } from './ui';

export function ideaList(topics: readonly Topic[], take: (idea: Topic) => void): HTMLElement {
  return h(
    'ul',
    { class: 'idea-list' },
    ...topics.map((idea) =>
      h(
        'li',
        { class: 'idea' },
        h('h3', {}, idea.title),
        h('p', {}, idea.summary),
        button('Take this one', () => take(idea), { shape: 'quill', label: `Take this one: ${idea.title}` }),
      ),
    ),
  );
}

/** The API takes a topic of up to 500 characters. */
export const topicOf = ({ title, summary }: Topic): string => `${title}: ${summary}`.slice(0, 500);
