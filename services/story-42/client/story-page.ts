/** One story from its topic to its last picture: loads the session, follows its work, shows outline or story. */
import { failureOf, isPending } from './api';
import type { App, View } from './app';
import { h } from './dom';
import { ideaList, topicOf } from './ideas';
import { forgetDraft, outlineForm, type WritingWish } from './outline';
import { isAbort } from './problem';
import { askDelete, titleOf } from './shelf';
import { storyView, type StoryView } from './story';
import type { Accepted, Session, Topic } from './types';
import { announce, ask, button, field, problemPanel, progress, setMistake, type ProblemAction } from './ui';

const doing: Readonly<Record<string, readonly [doing: string, done: string]>> = {
  'generate-topics-ideas': ['Looking for ideas …', 'The ideas are there.'],
  'generate-story-outline': ['Drawing up the outline …', 'The outline is there.'],
  'generate-story': ['Writing the story. This takes a few minutes …', 'The story is written.'],
  'regenerate-segment': ['Rewriting this part …', 'The part is rewritten.'],
  'generate-story-image': ['Painting the pictures …', 'The pictures are done.'],
  'regenerate-segment-image': ['Painting a new picture …', 'The new picture is there.'],
};

export interface Work {
  readonly action: string;
  /** @default - it runs already; only its end is awaited */
  readonly start?: () => Promise<Accepted>;
  /** Where its progress is shown. @default - at the top of the page */
  readonly place?: HTMLElement;
}

export function storyPage(app: App, sessionId: string, wantOutline: boolean): View {
  const stopped = new AbortController();
  const strip = h('div', { class: 'strip' });
  const body = h('div', { class: 'story-body' });
  const element = h('div', { class: 'story-page' }, strip, body);
  let session: Session | undefined;
  let view: StoryView | undefined;
  let working = false;
  void load();
  return {
    element,
    title: 'Story',
    stop() {
      stopped.abort();
      app.story = undefined;
    },
  };

  async function load(): Promise<void> {
    const waiting = h('p', { class: 'quiet-text', role: 'status' }, 'Opening the story …');
    strip.replaceChildren(waiting);
    try {
      const loaded = await app.api.get(sessionId, stopped.signal);
      strip.replaceChildren();
      show(loaded, true);
      if (isPending(loaded)) {
        const action = loaded.job?.action ?? (loaded.outline ? 'generate-story' : 'generate-story-outline');
        void work({ action });
      } else if (loaded.status === 'failed') {
        strip.replaceChildren(problemPanel(failureOf(loaded)));
      }
    } catch (error) {
      if (!isAbort(error)) strip.replaceChildren(problemPanel(error, [again(load), toShelf()]));
    }
  }

  /** Loads quietly, for when something outside has changed the story. */
  async function reload(): Promise<void> {
    if (working) return;
    try {
      const loaded = await app.api.get(sessionId, stopped.signal);
      show(loaded, false);
      if (isPending(loaded)) void load();
    } catch (error) {
      if (!isAbort(error)) strip.replaceChildren(problemPanel(error, [again(reload)]));
    }
  }

  function show(next: Session, focus: boolean): void {
    session = next;
    const title = titleOf({ title: next.title ?? next.outline?.title, topic: next.topic });
    document.title = `${title} · Story-42`;
    app.story = { sessionId, title, reload: () => void reload() };
    const written = (next.segments?.length ?? 0) > 0;
    if (written && !wantOutline) {
      if (view !== undefined) return view.update(next);
      view = storyView(app, next, { work, saved: (saved) => show(saved, false), reload, remove, outline: openOutline });
      body.replaceChildren(view.element);
    } else {
      view = undefined;
      body.replaceChildren(next.outline ? outlinePart(next, title) : startPart(next, title));
    }
    if (focus) body.querySelector<HTMLElement>('h1')?.focus();
  }

  /** Starts a piece of work, shows that it runs, and shows what came of it. One piece at a time for each story. */
  async function work({ action, start, place = strip }: Work): Promise<boolean> {
    if (working) {
      announce('Something is still being worked on. Wait until it is done.');
      return false;
    }
    const [text, done] = doing[action] ?? ['Working …', 'Done.'];
    working = true;
    element.classList.add('working');
    const jobs = (state: boolean) => {
      for (const item of element.querySelectorAll('[data-job]')) {
        if (state) item.setAttribute('aria-disabled', 'true');
        else item.removeAttribute('aria-disabled');
      }
    };
    place.replaceChildren();
    const running = progress(text);
    place.append(running.element);
    jobs(true);
    let failure: unknown;
    try {
      await start?.();
      const next = await app.api.follow(sessionId, stopped.signal);
      working = false;
      if (action === 'generate-story') {
        forgetDraft(sessionId);
        if (wantOutline) return leaveOutline();
      }
      const first = view === undefined;
      show(next, first);
      announce(done);
    } catch (error) {
      failure = error;
    } finally {
      working = false;
      element.classList.remove('working');
      running.end();
      jobs(false);
    }
    if (failure === undefined) return true;
    if (isAbort(failure)) return false;
    const retry = start === undefined ? [] : [again(() => work({ action, start, place }))];
    place.replaceChildren(problemPanel(failure, retry));
    place.querySelector<HTMLElement>('.problem')?.focus();
    return false;
  }

  function leaveOutline(): boolean {
    app.go(`#/stories/${encodeURIComponent(sessionId)}`);
    announce('The story is written.');
    return true;
  }

  function openOutline(): void {
    app.go(`#/stories/${encodeURIComponent(sessionId)}/outline`);
  }

  async function remove(): Promise<void> {
    if (!(await askDelete(titleOf({ title: session?.title ?? session?.outline?.title, topic: session?.topic }))))
      return;
    try {
      await app.api.remove(sessionId);
      app.go('#/');
      announce('The story is deleted.');
    } catch (error) {
      strip.replaceChildren(problemPanel(error, [again(remove)]));
    }
  }

  function outlinePart(from: Session, title: string): HTMLElement {
    const written = (from.segments?.length ?? 0) > 0;
    return h(
      'div',
      { class: 'outline-page' },
      h(
        'div',
        { class: 'hero' },
        h('p', { class: 'kicker' }, written ? 'The outline it came from' : 'The outline'),
        h('h1', { tabindex: '-1' }, title),
        h('p', { class: 'lead' }, 'Change whatever you like; the story follows what stands here.'),
      ),
      outlineForm(from, (wish) => void write(wish, written)),
      h(
        'div',
        { class: 'row end' },
        written
          ? h('a', { class: 'button', href: `#/stories/${encodeURIComponent(sessionId)}` }, 'Back to the story')
          : null,
        button('Delete', () => void remove(), { kind: 'quiet', shape: 'bin' }),
      ),
    );
  }

  async function write(wish: WritingWish, written: boolean): Promise<void> {
    const sure =
      !written ||
      (await ask({
        title: 'Write it anew?',
        text: 'The present text of every part is replaced.',
        yes: 'Write it anew',
        no: 'Keep the text',
      }));
    if (!sure) return;
    window.scrollTo({ top: 0 });
    await work({
      action: 'generate-story',
      start: () =>
        app.api.story({
          session_id: sessionId,
          outline: wish.outline,
          words_per_segment: wish.words,
          with_images: wish.pictures,
        }),
    });
  }

  /** A session that has no outline yet: ideas only, or an outline that failed. */
  function startPart(from: Session, title: string): HTMLElement {
    const heading = h('h1', { tabindex: '-1' }, title);
    if (isPending(from)) return h('div', { class: 'hero' }, h('p', { class: 'kicker' }, 'One moment'), heading);
    const topic = h('textarea', { name: 'topic', rows: '3', maxlength: '500', required: true });
    topic.value = from.topic ?? '';
    const topics = from.topics ?? [];
    const submit = (event: Event) => {
      event.preventDefault();
      setMistake(topic, topic.value.trim() === '' ? 'Say in a few words what the story is about.' : '');
      if (topic.value.trim() === '') return topic.focus();
      const wish = {
        session_id: sessionId,
        topic: topic.value.trim(),
        audience: from.audience ?? undefined,
        genre: from.genre ?? undefined,
        language: from.language ?? undefined,
      };
      void work({ action: 'generate-story-outline', start: () => app.api.outline(wish) });
    };
    return h(
      'div',
      { class: 'home' },
      h('div', { class: 'hero' }, h('p', { class: 'kicker' }, 'No outline yet'), heading),
      h(
        'form',
        { class: 'card desk', novalidate: true, on: { submit } },
        field('What is the story about?', topic),
        h(
          'div',
          { class: 'row' },
          button('Make the outline', undefined, {
            kind: 'primary',
            shape: 'quill',
            type: 'submit',
            attributes: { 'data-job': true },
          }),
          button('Delete', () => void remove(), { kind: 'quiet', shape: 'bin' }),
        ),
      ),
      topics.length === 0
        ? null
        : h(
            'section',
            { class: 'ideas', 'aria-labelledby': 'ideas-title' },
            h('h2', { id: 'ideas-title' }, 'Ideas'),
            ideaList(topics, take),
          ),
    );

    function take(idea: Topic): void {
      topic.value = topicOf(idea);
      topic.focus();
      announce('The idea is in the form. Change it as you like, then make the outline.');
    }
  }

  function toShelf(): ProblemAction {
    return { text: 'To the shelf', run: () => app.go('#/') };
  }
}

const again = (run: () => unknown): ProblemAction => ({ text: 'Try again', run: () => void run() });
