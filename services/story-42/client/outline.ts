/** The outline as a form: every heading and synopsis can be changed, moved, added or left out before the story is written. */
import { h, keepFocus } from './dom';
import type { Outline, Session } from './types';
import { announce, button, field, setMistake } from './ui';

export interface WritingWish {
  readonly outline: Outline;
  readonly words: number;
  readonly pictures: boolean;
}

interface Part {
  heading: string;
  synopsis: string;
}

const MOST_PARTS = 20;
const stored = (sessionId: string): string => `story-42.outline.${sessionId}`;

export function forgetDraft(sessionId: string): void {
  sessionStorage.removeItem(stored(sessionId));
}

/** The form; `write` is called with what it says. What was typed survives a reload of the tab. */
export function outlineForm(session: Session, write: (wish: WritingWish) => void): HTMLElement {
  const kept = sessionStorage.getItem(stored(session.session_id));
  const source = kept === null ? session.outline! : (JSON.parse(kept) as Outline);
  const parts: Part[] = source.segments.map(({ heading, synopsis }) => ({ heading, synopsis }));
  const title = h('input', {
    type: 'text',
    name: 'outline-title',
    maxlength: '300',
    required: true,
    class: 'title-input',
  });
  title.value = source.title;
  const summary = h('textarea', { name: 'outline-summary', rows: '3', maxlength: '4000' });
  summary.value = source.summary;
  const words = h('input', {
    type: 'number',
    name: 'words',
    min: '50',
    max: '400',
    step: '10',
    value: '150',
    inputmode: 'numeric',
  });
  const pictures = h('input', { type: 'checkbox', name: 'with-images', id: 'with-images', checked: true });
  const list = h('ol', { class: 'outline-parts' });
  const add = button('Add a part', () => insert(), { shape: 'plus', key: 'add' });
  const form = h(
    'form',
    { class: 'outline', novalidate: true, 'aria-label': 'Outline', on: { submit, input: keep } },
    field('Title', title),
    field('In short', summary),
    h('h2', {}, 'Parts'),
    list,
    h('div', { class: 'row' }, add),
    h(
      'fieldset',
      { class: 'card writing' },
      h('legend', {}, 'Writing it'),
      field('Words in each part', words, { hint: 'From 50 to 400.' }),
      h('div', { class: 'check' }, pictures, h('label', { for: 'with-images' }, 'Paint a picture for every part')),
      button((session.segments?.length ?? 0) > 0 ? 'Write the story anew' : 'Write the story', undefined, {
        kind: 'primary',
        shape: 'quill',
        type: 'submit',
        attributes: { 'data-job': true },
      }),
    ),
  );
  render();
  return form;

  function render(): void {
    keepFocus(list, ...parts.map(row));
    add.disabled = parts.length >= MOST_PARTS;
  }

  function row(part: Part, index: number): HTMLElement {
    const heading = h('input', {
      type: 'text',
      maxlength: '300',
      required: true,
      key: `heading-${index}`,
      name: `heading-${index}`,
      on: { input: () => (part.heading = heading.value) },
    });
    heading.value = part.heading;
    const synopsis = h('textarea', {
      rows: '3',
      maxlength: '4000',
      key: `synopsis-${index}`,
      name: `synopsis-${index}`,
      on: { input: () => (part.synopsis = synopsis.value) },
    });
    synopsis.value = part.synopsis;
    const name = `part ${index + 1}`;
    const tools = h(
      'div',
      { class: 'part-tools', role: 'group', 'aria-label': `Part ${index + 1}` },
      button('Up', () => move(index, -1), {
        kind: 'quiet',
        shape: 'up',
        key: `up-${index}`,
        label: `Move ${name} up`,
        attributes: { disabled: index === 0 },
      }),
      button('Down', () => move(index, 1), {
        kind: 'quiet',
        shape: 'down',
        key: `down-${index}`,
        label: `Move ${name} down`,
        attributes: { disabled: index === parts.length - 1 },
      }),
      button('Remove', () => remove(index), {
        kind: 'quiet',
        shape: 'close',
        key: `remove-${index}`,
        label: `Remove ${name}`,
        attributes: { disabled: parts.length === 1 },
      }),
    );
    return h(
      'li',
      { class: 'outline-part' },
      h('span', { class: 'numeral', 'aria-hidden': 'true' }, String(index + 1)),
      h('div', {}, field(`Heading of ${name}`, heading), field(`What happens in ${name}`, synopsis)),
      tools,
    );
  }

  function move(index: number, by: 1 | -1): void {
    const [part] = parts.splice(index, 1);
    parts.splice(index + by, 0, part!);
    render();
    const key = by < 0 ? 'up' : 'down';
    const other = by < 0 ? 'down' : 'up';
    const target = list.querySelector<HTMLButtonElement>(`[data-key="${key}-${index + by}"]`);
    (target?.disabled === true
      ? list.querySelector<HTMLElement>(`[data-key="${other}-${index + by}"]`)
      : target
    )?.focus();
    announce(`“${part!.heading}” is now part ${index + by + 1} of ${parts.length}.`);
    keep();
  }

  function remove(index: number): void {
    const [part] = parts.splice(index, 1);
    render();
    list.querySelector<HTMLElement>(`[data-key="heading-${Math.min(index, parts.length - 1)}"]`)?.focus();
    announce(`“${part!.heading}” is removed.`);
    keep();
  }

  function insert(): void {
    parts.push({ heading: '', synopsis: '' });
    render();
    list.querySelector<HTMLElement>(`[data-key="heading-${parts.length - 1}"]`)?.focus();
    keep();
  }

  function outline(): Outline {
    return {
      title: title.value.trim(),
      summary: summary.value.trim(),
      segments: parts.map(({ heading, synopsis }, index) => ({
        index: index + 1,
        heading: heading.trim(),
        synopsis: synopsis.trim(),
      })),
    };
  }

  function keep(): void {
    sessionStorage.setItem(stored(session.session_id), JSON.stringify(outline()));
  }

  function submit(event: Event): void {
    event.preventDefault();
    const wanted = Number(words.value);
    setMistake(title, title.value.trim() === '' ? 'Give the story a title.' : '');
    setMistake(words, Number.isInteger(wanted) && wanted >= 50 && wanted <= 400 ? '' : 'From 50 to 400.');
    parts.forEach((part, index) => {
      for (const [name, text] of [
        ['heading', part.heading],
        ['synopsis', part.synopsis],
      ] as const)
        setMistake(
          list.querySelector<HTMLElement>(`[data-key="${name}-${index}"]`)!,
          text.trim() === '' ? 'Say something here, or remove the part.' : '',
        );
    });
    const wrong = form.querySelector<HTMLElement>('[aria-invalid]');
    if (wrong !== null) return wrong.focus();
    write({ outline: outline(), words: wanted, pictures: pictures.checked });
  }
}
