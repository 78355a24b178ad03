/** Pieces that every view uses: announcements, problems, progress, fields, buttons, the question before a deletion. */
import { freshId, h, icon, type Shape } from './dom';
import { asProblem } from './problem';

/** Said by screen readers when they have finished what they are saying. */
export function announce(text: string): void {
  const region = document.getElementById('announcements');
  if (region === null) return;
  // The same words twice in a row would not be said a second time.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

export interface ButtonOptions {
  readonly shape?: Shape;
  readonly kind?: 'primary' | 'quiet' | 'danger';
  readonly key?: string;
  readonly label?: string;
  readonly type?: 'button' | 'submit';
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export function button(text: string, click: (() => void) | undefined, options: ButtonOptions = {}): HTMLButtonElement {
  return h(
    'button',
    {
      type: options.type ?? 'button',
      class: `button ${options.kind ?? ''}`.trim(),
      key: options.key,
      'aria-label': options.label,
      ...options.attributes,
      ...(click === undefined ? {} : { on: { click } }),
    },
    options.shape === undefined ? null : icon(options.shape),
    h('span', {}, text),
  );
}

export interface FieldOptions {
  readonly hint?: string;
  readonly class?: string;
}

/** A label above its input, with its hint and its mistake read out along with it. */
export function field(
  label: string,
  input: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement,
  options: FieldOptions = {},
): HTMLElement {
  input.id ||= freshId('field');
  const hint = options.hint === undefined ? null : h('p', { class: 'hint', id: `${input.id}-hint` }, options.hint);
  const mistake = h('p', { class: 'mistake', id: `${input.id}-mistake`, hidden: true });
  input.setAttribute('aria-describedby', [hint?.id, mistake.id].filter(Boolean).join(' '));
  input.addEventListener('input', () => setMistake(input, ''));
  return h(
    'div',
    { class: `field ${options.class ?? ''}`.trim() },
    h('label', { for: input.id }, label),
    hint,
    input,
    mistake,
  );
}

export function setMistake(input: HTMLElement, text: string): void {
  const mistake = document.getElementById(`${input.id}-mistake`);
  if (mistake === null) return;
  mistake.textContent = text;
  mistake.hidden = text === '';
  if (text === '') input.removeAttribute('aria-invalid');
  else input.setAttribute('aria-invalid', 'true');
}

export interface ProblemAction {
  readonly text: string;
  readonly run: () => void;
}

/** What happened, what to do, and the number under which the service logged it. */
export function problemPanel(error: unknown, actions: readonly ProblemAction[] = []): HTMLElement {
  const problem = asProblem(error);
  const fields = Object.entries(problem.fields);
  const panel = h(
    'div',
    { class: 'problem', role: 'alert', tabindex: '-1', 'data-code': problem.code },
    icon('warn'),
    h(
      'div',
      {},
      h('p', { class: 'problem-title' }, problem.message),
      problem.detail !== undefined && fields.length === 0 ? h('p', { class: 'problem-detail' }, problem.detail) : null,
      fields.length > 0
        ? h('ul', {}, ...fields.map(([name, text]) => h('li', {}, h('code', {}, name), ` ${text}`)))
        : null,
      h('p', {}, problem.advice),
      problem.requestId === undefined
        ? null
        : h('p', { class: 'request-id' }, 'Request ', h('code', {}, problem.requestId)),
      h(
        'div',
        { class: 'row' },
        ...actions.map(({ text, run }) => button(text, run)),
        button('Dismiss', () => panel.remove(), { kind: 'quiet' }),
      ),
    ),
  );
  return panel;
}

export interface Progress {
  readonly element: HTMLElement;
  end(): void;
}

/** A running job: what it does, how long it has been at it. The time is not read out, only beginnings and ends are. */
export function progress(text: string, stop?: () => void): Progress {
  const time = h('span', { class: 'elapsed', 'aria-hidden': 'true' });
  const since = Date.now();
  const show = () => {
    const seconds = Math.round((Date.now() - since) / 1000);
    time.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  };
  show();
  const timer = setInterval(show, 1000);
  const element = h(
    'div',
    { class: 'progress' },
    h('div', { class: 'progress-text' }, h('span', {}, text), time),
    h('progress', { 'aria-label': text }),
    stop === undefined ? null : button('Stop waiting', stop, { kind: 'quiet' }),
  );
  announce(text);
  return {
    element,
    end() {
      clearInterval(timer);
      element.remove();
    },
  };
}

/** Asks in a modal dialog; the focus goes back to where it was. */
export function ask(question: { title: string; text: string; yes: string; no?: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const title = h('h2', { id: freshId('dialog') }, question.title);
    const text = h('p', { id: freshId('dialog') }, question.text);
    const dialog = h(
      'dialog',
      { 'aria-labelledby': title.id, 'aria-describedby': text.id, role: 'alertdialog' },
      title,
      text,
      h(
        'div',
        { class: 'row end' },
        button(question.no ?? 'Keep it', () => dialog.close('no'), { attributes: { autofocus: true } }),
        button(question.yes, () => dialog.close('yes'), { kind: 'danger' }),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Marks a form as busy: its buttons wait, its text stays readable. */
export async function whileBusy<T>(form: HTMLElement, work: () => Promise<T>): Promise<T> {
  const buttons = [...form.querySelectorAll('button')].filter((item) => !item.disabled);
  const focused = document.activeElement;
  form.setAttribute('aria-busy', 'true');
  for (const item of buttons) item.disabled = true;
  try {
    return await work();
  } finally {
    form.removeAttribute('aria-busy');
    for (const item of buttons) item.disabled = false;
    if (focused instanceof HTMLElement && document.activeElement === document.body && focused.isConnected)
      focused.focus();
  }
}
