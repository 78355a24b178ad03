/** The first page: a topic, ideas for one, and the shelf of one's own stories. */
import { storyPath, type App, type View } from './app';
import { h } from './dom';
import { shelf } from './shelf';
import { ideaList, topicOf } from './ideas';
import type { Topic } from './types';
import { announce, button, field, problemPanel, progress, setMistake, whileBusy } from './ui';

const languages: readonly (readonly [string, string])[] = [
  ['en', 'English'],
  ['de', 'Deutsch'],
  ['fr', 'Français'],
  ['es', 'Español'],
  ['it', 'Italiano'],
  ['pt', 'Português'],
  ['nl', 'Nederlands'],
  ['pl', 'Polski'],
];

export function homeView(app: App): View {
  const stopped = new AbortController();
  /** The session that the ideas were made in; the outline belongs into the same one. */
  let session: string | undefined;
  const topic = h('textarea', {
    name: 'topic',
    rows: '3',
    maxlength: '500',
    required: true,
    placeholder: 'A lighthouse keeper who is afraid of the dark',
  });
  const audience = h('input', { type: 'text', name: 'audience', maxlength: '200', placeholder: 'Children of 6 to 9' });
  const genre = h('input', { type: 'text', name: 'genre', maxlength: '100', placeholder: 'Adventure', list: 'genres' });
  const language = h('select', { name: 'language' }, ...languages.map(([value, text]) => h('option', { value }, text)));
  const count = h('input', {
    type: 'number',
    name: 'segment_count',
    min: '1',
    max: '20',
    value: '5',
    inputmode: 'numeric',
  });
  const problems = h('div', {});
  const ideas = h('section', { class: 'ideas', 'aria-labelledby': 'ideas-title', hidden: true });
  const form = h(
    'form',
    {
      class: 'card desk',
      novalidate: true,
      'aria-labelledby': 'desk-title',
      on: { submit: (event) => void submit(event) },
    },
    h('h2', { id: 'desk-title', class: 'visually-hidden' }, 'A new story'),
    field('What is the story about?', topic, {
      class: 'wide',
      hint: 'One sentence is enough. No idea yet? Ask for some.',
    }),
    h(
      'div',
      { class: 'fields' },
      field('For whom', audience),
      field('Genre', genre),
      field('Language', language),
      field('Parts', count),
    ),
    h(
      'datalist',
      { id: 'genres' },
      ...['Adventure', 'Bedtime story', 'Fairy tale', 'Fantasy', 'Mystery', 'Science fiction', 'Humour'].map((value) =>
        h('option', { value }),
      ),
    ),
    problems,
    h(
      'div',
      { class: 'row' },
      button('Make the outline', undefined, { kind: 'primary', shape: 'quill', type: 'submit' }),
      button('Suggest ideas', () => void suggest(), { shape: 'spark' }),
    ),
  );
  const element = h(
    'div',
    { class: 'home' },
    h(
      'div',
      { class: 'hero' },
      h('p', { class: 'kicker' }, 'A blank page'),
      h('h1', { tabindex: '-1' }, 'What shall we ', h('em', {}, 'tell'), ' today?'),
    ),
    form,
    ideas,
    shelf(app),
  );
  return { element, title: 'New story', stop: () => stopped.abort() };

  function segmentCount(): number | undefined {
    const value = Number(count.value);
    const good = Number.isInteger(value) && value >= 1 && value <= 20;
    setMistake(count, good ? '' : 'From 1 to 20.');
    return good ? value : undefined;
  }

  function given(input: HTMLInputElement): string | undefined {
    return input.value.trim() === '' ? undefined : input.value.trim();
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setMistake(topic, topic.value.trim() === '' ? 'Say in a few words what the story is about.' : '');
    const segments = segmentCount();
    const wrong = form.querySelector<HTMLElement>('[aria-invalid]');
    if (wrong !== null || segments === undefined) return wrong?.focus();
    problems.replaceChildren();
    try {
      const { session_id } = await whileBusy(form, () =>
        app.api.outline({
          topic: topic.value.trim(),
          session_id: session,
          audience: given(audience),
          genre: given(genre),
          language: language.value,
          segment_count: segments,
        }),
      );
      if (!stopped.signal.aborted) app.go(storyPath(session_id));
    } catch (error) {
      problems.replaceChildren(problemPanel(error, [{ text: 'Try again', run: () => form.requestSubmit() }]));
    }
  }

  async function suggest(): Promise<void> {
    problems.replaceChildren();
    const running = progress('Looking for ideas …');
    problems.append(running.element);
    try {
      const answer = await whileBusy(form, async () => {
        const { session_id } = await app.api.topics({
          theme: topic.value.trim() || undefined,
          audience: given(audience),
          language: language.value,
          count: 6,
        });
        return app.api.follow(session_id, stopped.signal);
      });
      session = answer.session_id;
      show(answer.topics ?? []);
    } catch (error) {
      if (!stopped.signal.aborted)
        problems.append(problemPanel(error, [{ text: 'Try again', run: () => void suggest() }]));
    } finally {
      running.end();
    }
  }

  function show(topics: readonly Topic[]): void {
    const title = h('h2', { id: 'ideas-title', tabindex: '-1' }, 'Ideas');
    ideas.replaceChildren(title, ideaList(topics, take));
    ideas.hidden = false;
    title.focus();
    announce(`${topics.length} ideas.`);
  }

  function take(idea: Topic): void {
    topic.value = topicOf(idea);
    setMistake(topic, '');
    topic.focus();
    form.scrollIntoView({ block: 'center' });
    announce('The idea is in the form. Change it as you like, then make the outline.');
  }
}
