/** One part of the story: picture and text, and what can be done with them. */
import type { App } from './app';
import { freshId, h, icon } from './dom';
import { Problem } from './problem';
import type { StoryActions } from './story';
import type { Segment, Session } from './types';
import { announce, button, field, problemPanel, setMistake, whileBusy } from './ui';

export interface SegmentContext extends StoryActions {
  readonly session: () => Session;
}

export interface SegmentCard {
  readonly element: HTMLElement;
  update(segment: Segment, number: number): void;
}

export function segmentCard(app: App, context: SegmentContext): SegmentCard {
  let segment: Segment;
  let editing = false;
  const heading = h('h2', { id: freshId('segment'), tabindex: '-1' });
  const numeral = h('span', { class: 'numeral', 'aria-hidden': 'true' });
  const text = h('div', { class: 'prose' });
  const picture = h('figure', { class: 'picture' });
  const place = h('div', { class: 'segment-place' });
  const player = h('div', { class: 'player' });
  const rewrite = tool('Rewrite', 'quill', openRewrite, true);
  const renew = tool('New picture', 'picture', openPicture, true);
  const listen = app.agent === undefined ? null : tool('Listen', 'sound', () => void speak(), false);
  const edit = tool('Edit', 'pen', openEditor, false);
  const page = h('div', { class: 'page' }, numeral, heading, text);
  const element = h(
    'section',
    { class: 'segment', 'aria-labelledby': heading.id },
    picture,
    h(
      'div',
      { class: 'leaf' },
      page,
      h('div', { class: 'segment-tools', role: 'group' }, rewrite, renew, listen, edit),
      player,
      place,
    ),
  );
  return { element, update };

  function tool(
    label: string,
    shape: 'quill' | 'picture' | 'sound' | 'pen',
    run: () => void,
    job: boolean,
  ): HTMLButtonElement {
    const click = () => {
      if (item.getAttribute('aria-disabled') === 'true')
        return announce('Something is still being worked on. Wait until it is done.');
      run();
    };
    const item = button(label, click, { kind: 'quiet', shape, attributes: { 'data-job': job } });
    return item;
  }

  function update(next: Segment, number: number): void {
    const changed = segment === undefined || segment.text !== next.text;
    const drawn = segment === undefined || segment.image_key !== next.image_key || !picture.querySelector('img');
    segment = next;
    element.dataset['segment'] = next.segment_id;
    numeral.textContent = String(number);
    heading.textContent = next.heading;
    element.querySelector('.segment-tools')!.setAttribute('aria-label', `Part ${number}: ${next.heading}`);
    if (changed) {
      text.replaceChildren(...paragraphs(next.text).map((line) => h('p', {}, line)));
      if (next.audio_url) play(next.audio_url, false);
      else player.replaceChildren();
    }
    if (drawn) draw();
    if (editing && changed) announce('The part has changed while you were editing it.');
  }

  function draw(): void {
    if (!segment.image_url) {
      empty('No picture yet');
      return;
    }
    const image = h('img', {
      src: segment.image_url,
      alt: segment.image_prompt || `Illustration: ${segment.heading}`,
      width: '1024',
      height: '1024',
      decoding: 'async',
    });
    let renewed = false;
    // The address is valid for an hour; a page that was open longer asks once for a fresh one.
    image.addEventListener('error', () => {
      const first = !renewed;
      renewed = true;
      void (first ? freshImage() : Promise.resolve(undefined)).then((address) => {
        if (address !== undefined) image.src = address;
        else empty('The picture cannot be loaded');
      });
    });
    picture.className = 'picture';
    picture.replaceChildren(image);
  }

  function empty(text: string): void {
    picture.className = 'picture empty';
    picture.replaceChildren(icon('picture'), h('figcaption', {}, text));
  }

  async function freshImage(): Promise<string | undefined> {
    const session = await app.api.get(context.session().session_id).catch(() => undefined);
    return session?.segments.find((part) => part.segment_id === segment.segment_id)?.image_url;
  }

  function openRewrite(): void {
    instruct({
      label: 'What should change?',
      hint: 'For example: “shorter, and the fox should be funny”. Leave it empty for simply another version.',
      send: 'Rewrite this part',
      opener: rewrite,
      action: 'regenerate-segment',
      start: (instruction) => app.api.rewrite(context.session().session_id, segment.segment_id, instruction),
    });
  }

  function openPicture(): void {
    const again = Boolean(segment.image_url);
    instruct({
      label: 'How should the picture look?',
      hint: 'For example: “by moonlight, seen from above”. Leave it empty to let the painter choose.',
      send: again ? 'Paint it anew' : 'Paint this part',
      opener: renew,
      action: 'regenerate-segment-image',
      start: (instruction) => app.api.renewImage(context.session().session_id, segment.segment_id, instruction),
    });
  }

  function instruct(wish: {
    label: string;
    hint: string;
    send: string;
    opener: HTMLElement;
    action: string;
    start: (instruction: string) => ReturnType<typeof app.api.rewrite>;
  }): void {
    const instruction = h('textarea', { rows: '2', maxlength: '1000', name: 'instruction' });
    const close = () => {
      place.replaceChildren();
      wish.opener.focus();
    };
    const submit = async (event: Event) => {
      event.preventDefault();
      const text = instruction.value.trim();
      element.classList.add(wish.action === 'regenerate-segment' ? 'writing' : 'painting');
      const done = await context.work({ action: wish.action, start: () => wish.start(text), place });
      element.classList.remove('writing', 'painting');
      if (done) heading.focus();
    };
    const form = h(
      'form',
      {
        class: 'card inline-form',
        novalidate: true,
        on: {
          submit: (event) => void submit(event),
          keydown: (event) => ((event as KeyboardEvent).key === 'Escape' ? close() : undefined),
        },
      },
      field(wish.label, instruction, { hint: wish.hint }),
      h(
        'div',
        { class: 'row' },
        button(wish.send, undefined, { kind: 'primary', type: 'submit', attributes: { 'data-job': true } }),
        button('Cancel', close, { kind: 'quiet' }),
      ),
    );
    place.replaceChildren(form);
    instruction.focus();
  }

  function openEditor(): void {
    if (editing) return;
    editing = true;
    const title = h('input', { type: 'text', name: 'heading', maxlength: '300', required: true });
    title.value = segment.heading;
    const words = h('textarea', { name: 'text', rows: '12', maxlength: '50000', required: true });
    words.value = segment.text;
    const problems = h('div', {});
    const close = () => {
      editing = false;
      form.replaceWith(page);
      edit.focus();
    };
    const save = async (revision: number) => {
      setMistake(title, title.value.trim() === '' ? 'Give the part a heading.' : '');
      setMistake(words, words.value.trim() === '' ? 'A part cannot be empty.' : '');
      const wrong = form.querySelector<HTMLElement>('[aria-invalid]');
      if (wrong !== null) return wrong.focus();
      problems.replaceChildren();
      try {
        const part = { segment_id: segment.segment_id, heading: title.value.trim(), text: words.value.trim() };
        const saved = await whileBusy(form, () =>
          app.api.save(context.session().session_id, { revision, segments: [part] }),
        );
        editing = false;
        form.replaceWith(page);
        context.saved(saved);
        edit.focus();
        announce('The part is saved.');
      } catch (error) {
        problems.replaceChildren(
          error instanceof Problem && error.code === 'conflict'
            ? conflict(error)
            : problemPanel(error, [{ text: 'Try again', run: () => void save(revision) }]),
        );
        problems.querySelector<HTMLElement>('.problem')?.focus();
      }
    };
    const conflict = (error: Problem) =>
      problemPanel(
        new Problem({
          title: 'This story was changed elsewhere while you were editing.',
          detail: error.detail,
          advice:
            'Your text is still in the form. Save it over the present version, or drop it and see what has changed.',
          code: error.code,
          status: error.status,
          requestId: error.requestId,
        }),
        [
          {
            text: 'Save mine over it',
            run: () =>
              void app.api.get(context.session().session_id).then(
                (now) => save(now.revision),
                (cause: unknown) => problems.replaceChildren(problemPanel(cause)),
              ),
          },
          { text: 'Drop mine, show theirs', run: () => void context.reload().then(close) },
        ],
      );
    const form = h(
      'form',
      {
        class: 'segment-editor',
        novalidate: true,
        'aria-label': `Edit “${segment.heading}”`,
        on: {
          submit: (event) => {
            event.preventDefault();
            void save(context.session().revision);
          },
        },
      },
      field('Heading', title),
      field('Text', words, { hint: 'An empty line begins a new paragraph.' }),
      problems,
      h(
        'div',
        { class: 'row' },
        button('Save', undefined, { kind: 'primary', type: 'submit' }),
        button('Cancel', close, { kind: 'quiet' }),
      ),
    );
    page.replaceWith(form);
    title.focus();
  }

  async function speak(): Promise<void> {
    if (app.agent === undefined || listen === null) return;
    const waiting = h('p', { class: 'quiet-text' }, 'The reading voice is taking a breath …');
    player.replaceChildren(waiting);
    announce('Preparing the audio.');
    listen.setAttribute('aria-disabled', 'true');
    try {
      play(await app.agent.speak(context.session().session_id, segment.segment_id), true);
    } catch (error) {
      player.replaceChildren(problemPanel(error, [{ text: 'Try again', run: () => void speak() }]));
    } finally {
      listen.removeAttribute('aria-disabled');
    }
  }

  function play(url: string, now: boolean): void {
    const audio = h('audio', {
      controls: true,
      src: url,
      preload: now ? 'auto' : 'none',
      'aria-label': `Audio of “${segment.heading}”`,
    });
    audio.addEventListener('error', () => {
      player.replaceChildren(
        h('p', { class: 'quiet-text', role: 'status' }, 'The audio cannot be played. Press Listen to record it anew.'),
      );
    });
    player.replaceChildren(audio);
    if (!now) return;
    announce('The audio is ready.');
    // A browser may want one more click; the controls are there for it.
    audio.play().catch(() => audio.focus());
  }
}

export function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
