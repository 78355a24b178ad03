/** The written story as a book: title page, then one spread a part. */
import type { App } from './app';
import { h } from './dom';
import { Problem } from './problem';
import { segmentCard, type SegmentCard } from './segment';
import { dateOf, titleOf } from './shelf';
import type { Work } from './story-page';
import type { Session } from './types';
import { announce, button, field, problemPanel, setMistake, whileBusy } from './ui';

export interface StoryActions {
  readonly work: (work: Work) => Promise<boolean>;
  /** A session that a save has answered with. */
  readonly saved: (session: Session) => void;
  readonly reload: () => Promise<void>;
  readonly remove: () => Promise<void>;
  readonly outline: () => void;
}

export interface StoryView {
  readonly element: HTMLElement;
  update(session: Session): void;
}

export function storyView(app: App, first: Session, actions: StoryActions): StoryView {
  let session = first;
  const kicker = h('p', { class: 'kicker' });
  const heading = h('h1', { tabindex: '-1' });
  const summary = h('p', { class: 'lead' });
  const facts = h('p', { class: 'facts' });
  const editor = h('div', { class: 'title-editor' });
  const place = h('div', { class: 'strip' });
  const illustrate = button('', () => void paintMissing(), {
    shape: 'picture',
    key: 'illustrate',
    attributes: { 'data-job': true },
  });
  const segments = h('div', { class: 'segments' });
  const cards = new Map<string, SegmentCard>();
  const element = h(
    'article',
    { class: 'story' },
    h('header', { class: 'title-page' }, kicker, heading, summary, facts, editor),
    h(
      'div',
      { class: 'story-tools', role: 'group', 'aria-label': 'The whole story' },
      illustrate,
      button('Change title', editTitle, { shape: 'pen' }),
      button('Outline', actions.outline, { shape: 'quill' }),
      button('Print', () => window.print(), { shape: 'print' }),
      button('Delete', () => void actions.remove(), { shape: 'bin', kind: 'quiet' }),
    ),
    place,
    segments,
    h('p', { class: 'the-end', 'aria-hidden': 'true' }, 'The End'),
  );
  update(first);
  return { element, update };

  function update(next: Session): void {
    session = next;
    element.lang = next.language ?? 'en';
    kicker.textContent = [next.genre, next.audience].filter(Boolean).join(' · ') || 'A story';
    heading.textContent = titleOf({ title: next.title ?? next.outline?.title, topic: next.topic });
    summary.textContent = next.outline?.summary ?? '';
    summary.hidden = summary.textContent === '';
    facts.textContent = `${(next.segments ?? []).length} parts · changed ${dateOf(next.updated_at)}`;
    const parts = [...(next.segments ?? [])].sort((a, b) => a.index - b.index);
    const missing = parts.filter((part) => !part.image_url).length;
    illustrate.querySelector('span')!.textContent =
      missing === 1 ? 'Paint the missing picture' : `Paint the ${missing} missing pictures`;
    illustrate.hidden = missing === 0;
    for (const [id, card] of cards)
      if (!parts.some((part) => part.segment_id === id)) {
        card.element.remove();
        cards.delete(id);
      }
    parts.forEach((part, position) => {
      let card = cards.get(part.segment_id);
      if (card === undefined) {
        card = segmentCard(app, { session: () => session, ...actions });
        cards.set(part.segment_id, card);
      }
      card.update(part, position + 1);
      // Moving an element that is in its place already would take the focus away.
      if (segments.children[position] !== card.element)
        segments.insertBefore(card.element, segments.children[position] ?? null);
    });
  }

  async function paintMissing(): Promise<void> {
    const done = await actions.work({
      action: 'generate-story-image',
      start: () => app.api.illustrate(session.session_id, ''),
      place,
    });
    const missing = (session.segments ?? []).filter((part) => !part.image_url);
    if (!done || missing.length === 0) return;
    const reasons = new Map(session.job?.failed?.map((failure) => [failure.segment_id, failure.message]));
    const names = missing
      .map((part) => `“${part.heading}”: ${reasons.get(part.segment_id) ?? 'no picture came'}`)
      .join('; ');
    place.replaceChildren(
      problemPanel(
        new Problem({
          title:
            missing.length === 1 ? 'One picture could not be made.' : `${missing.length} pictures could not be made.`,
          detail: names,
          advice: 'Try again, or ask for a new picture at that part and describe it in your own words.',
        }),
        [{ text: 'Try again', run: () => void paintMissing() }],
      ),
    );
  }

  function editTitle(): void {
    const title = h('input', { type: 'text', name: 'title', maxlength: '300', required: true });
    title.value = heading.textContent ?? '';
    const problems = h('div', {});
    const close = () => {
      editor.replaceChildren();
      heading.focus();
    };
    const save = async (event: Event) => {
      event.preventDefault();
      setMistake(title, title.value.trim() === '' ? 'Give the story a title.' : '');
      if (title.value.trim() === '') return title.focus();
      problems.replaceChildren();
      try {
        const change = { revision: session.revision, title: title.value.trim() };
        actions.saved(await whileBusy(form, () => app.api.save(session.session_id, change)));
        close();
        announce('The title is saved.');
      } catch (error) {
        const conflict = error instanceof Problem && error.code === 'conflict';
        problems.replaceChildren(
          problemPanel(
            error,
            conflict ? [{ text: 'Load the present version', run: () => void actions.reload().then(close) }] : [],
          ),
        );
      }
    };
    const form = h(
      'form',
      { class: 'card inline-form', novalidate: true, on: { submit: (event) => void save(event) } },
      field('Title', title),
      problems,
      h(
        'div',
        { class: 'row' },
        button('Save title', undefined, { kind: 'primary', type: 'submit' }),
        button('Cancel', close, { kind: 'quiet' }),
      ),
    );
    editor.replaceChildren(form);
    title.focus();
  }
}
