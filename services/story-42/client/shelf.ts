/** One's own stories, newest first, as books on a shelf. */
import { storyPath, type App } from './app';
import { h, numberOf } from './dom';
import type { SessionSummary } from './types';
import { announce, ask, button, problemPanel } from './ui';

const COVERS = 6;

const said: Readonly<Record<string, string>> = {
  draft: 'Draft',
  pending: 'In the making',
  complete: 'Finished',
  failed: 'Needs you',
};

export const titleOf = (session: { title?: string | null; topic?: string | null }): string =>
  session.title || session.topic || 'Untitled story';

export const dateOf = (text: string): string =>
  new Date(text).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

export function shelf(app: App): HTMLElement {
  const heading = h('h2', { id: 'shelf-title', tabindex: '-1' }, 'Your shelf');
  const list = h('ul', { class: 'books' });
  const below = h('div', { class: 'shelf-more' });
  const element = h('section', { class: 'shelf', 'aria-labelledby': 'shelf-title' }, heading, list, below);
  void more();
  return element;

  async function more(cursor?: string): Promise<void> {
    below.replaceChildren(h('p', { class: 'quiet-text', role: 'status' }, 'Looking at the shelf …'));
    try {
      const page = await app.api.list(cursor);
      const items = page.sessions.map(book);
      list.append(...items);
      below.replaceChildren();
      if (list.children.length === 0)
        below.append(h('p', { class: 'quiet-text' }, 'Still empty. The first book takes a few minutes.'));
      const next = page.next_cursor;
      if (typeof next === 'string' && next !== '') below.append(button('Older stories', () => void more(next)));
      if (cursor !== undefined) items[0]?.querySelector('a')?.focus();
    } catch (error) {
      below.replaceChildren(problemPanel(error, [{ text: 'Try again', run: () => void more(cursor) }]));
    }
  }

  function book(session: SessionSummary): HTMLElement {
    const title = titleOf(session);
    const item = h(
      'li',
      { class: `book cover-${numberOf(session.session_id, COVERS)}` },
      h(
        'a',
        { href: storyPath(session.session_id) },
        h('span', { class: 'book-title' }, title),
        h(
          'span',
          { class: 'book-foot' },
          h('span', { class: `state ${session.status}` }, said[session.status] ?? session.status),
          h('time', { datetime: session.updated_at }, dateOf(session.updated_at)),
        ),
      ),
      button('Delete', () => void remove(item, session), { kind: 'quiet', shape: 'bin', label: `Delete “${title}”` }),
    );
    return item;
  }

  async function remove(item: HTMLElement, session: SessionSummary): Promise<void> {
    if (!(await askDelete(titleOf(session)))) return;
    try {
      await app.api.remove(session.session_id);
      item.remove();
      heading.focus();
      announce('The story is deleted.');
    } catch (error) {
      below.prepend(problemPanel(error));
    }
  }
}

export function askDelete(title: string): Promise<boolean> {
  return ask({
    title: 'Delete this story?',
    text: `“${title}”, its pictures and its audio will be gone for good.`,
    yes: 'Delete for good',
  });
}
