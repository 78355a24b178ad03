/** The conversation with the agent: a panel beside the page, its steps shown, its words as they come. */
import type { Agent, ChatEnd, ToolStep } from './agent';
import { storyPath, type App } from './app';
import { h, icon } from './dom';
import { paragraphs } from './segment';
import { announce, button, problemPanel } from './ui';

const tools: Readonly<Record<string, string>> = {
  story_api: 'Asked the story service',
  web_search: 'Searched the web',
  regenerate_text: 'Rewrote a part',
  regenerate_image: 'Painted a picture',
  load_session: 'Read the story',
  save_session: 'Saved the story',
  save_object: 'Stored a file',
  text_to_speech: 'Recorded the audio',
};

/** Where `chat.css` lays the panel over the page. */
const narrow = matchMedia('(max-width: 60rem)');

const starters = [
  'Suggest three unusual heroes for a bedtime story.',
  'What is the weakest part of this story, and why?',
  'Find out something true about lighthouses that I could use.',
];

export interface Chat {
  readonly element: HTMLElement;
  readonly opener: HTMLButtonElement;
  /** Ends what runs and takes the panel away. */
  close(): void;
}

export function chatPanel(app: App, agent: Agent): Chat {
  let sessionId: string | undefined;
  let running: AbortController | undefined;
  const recalled = new Set<string>();
  const log = h('div', { class: 'chat-log', role: 'log', 'aria-label': 'Conversation', tabindex: '0' });
  const message = h('textarea', {
    id: 'chat-message',
    name: 'message',
    rows: '2',
    maxlength: '8000',
    placeholder: 'Ask, or tell it what to do …',
    on: { keydown },
  });
  const send = button('Send', undefined, { kind: 'primary', shape: 'send', type: 'submit' });
  const stop = button('Stop', () => running?.abort(), { attributes: { hidden: true } });
  const heading = h('h2', { id: 'chat-title' }, 'Story agent');
  const element = h(
    'aside',
    {
      id: 'chat',
      class: 'chat',
      'aria-labelledby': 'chat-title',
      hidden: true,
      on: { keydown: (event) => ((event as KeyboardEvent).key === 'Escape' ? toggle(false) : undefined) },
    },
    h(
      'div',
      { class: 'chat-head' },
      heading,
      button('Close', () => toggle(false), { kind: 'quiet', shape: 'close', label: 'Close the conversation' }),
    ),
    log,
    h(
      'form',
      { class: 'chat-form', on: { submit: (event) => void submit(event) } },
      h('label', { class: 'visually-hidden', for: 'chat-message' }, 'Message to the agent'),
      message,
      h('div', { class: 'row end' }, stop, send),
    ),
  );
  const opener = button('Agent', () => toggle(element.hidden), {
    shape: 'chat',
    attributes: { 'aria-expanded': 'false', 'aria-controls': 'chat' },
  });
  narrow.addEventListener('change', cover);
  welcome();
  return { element, opener, close };

  function toggle(open: boolean): void {
    element.hidden = !open;
    document.body.classList.toggle('chat-open', open);
    cover();
    opener.setAttribute('aria-expanded', String(open));
    (open ? message : opener).focus();
    if (open) void recall();
  }

  /** On a small screen the panel lies over the page, which then is out of reach for keys and readers, too. */
  function cover(): void {
    const covered = element.isConnected && !element.hidden && narrow.matches;
    for (const part of document.querySelectorAll('main, .bar, .foot')) part.toggleAttribute('inert', covered);
  }

  function close(): void {
    running?.abort();
    element.remove();
    narrow.removeEventListener('change', cover);
    document.body.classList.remove('chat-open');
    cover();
  }

  function welcome(): void {
    log.append(
      h(
        'div',
        { class: 'chat-welcome' },
        h(
          'p',
          {},
          'I can look things up, write, rewrite, paint and read aloud. What I do to the open story you see at once.',
        ),
        ...starters.map((text) =>
          button(text, () => {
            message.value = text;
            message.focus();
          }),
        ),
      ),
    );
  }

  function keydown(event: Event): void {
    const { key, shiftKey, isComposing } = event as KeyboardEvent;
    if (key !== 'Enter' || shiftKey || isComposing) return;
    event.preventDefault();
    message.form?.requestSubmit();
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const text = message.value.trim();
    if (text === '' || running !== undefined) return;
    message.value = '';
    log.querySelector('.chat-welcome')?.remove();
    log.append(said('mine', 'You', text));
    await answer(text);
  }

  async function answer(text: string): Promise<void> {
    const about = app.story?.sessionId ?? sessionId;
    const words = h('div', { class: 'words' });
    const steps = h('ul', { class: 'steps', 'aria-label': 'Steps' });
    const waiting = h(
      'span',
      { class: 'dots', 'aria-label': 'The agent is working' },
      h('i', {}),
      h('i', {}),
      h('i', {}),
    );
    const bubble = h(
      'div',
      { class: 'bubble theirs' },
      h('span', { class: 'visually-hidden' }, 'Agent: '),
      steps,
      words,
      waiting,
    );
    log.append(bubble);
    // Read out as a whole at the end, not word by word.
    log.setAttribute('aria-busy', 'true');
    announce('The agent is working.');
    running = new AbortController();
    stop.hidden = false;
    send.disabled = true;
    let reply = '';
    const follow = () => {
      log.scrollTop = log.scrollHeight;
    };
    try {
      const end = await agent.chat(
        text,
        about,
        {
          token(piece) {
            reply += piece;
            words.textContent = reply;
            follow();
          },
          tool(step) {
            if (step.ok === undefined && reply !== '' && !reply.endsWith('\n\n')) reply += '\n\n';
            addStep(steps, step);
            follow();
          },
        },
        running.signal,
      );
      if (end.reply !== undefined && end.reply !== '') reply = end.reply;
      words.replaceChildren(...paragraphs(reply).map((line) => h('p', {}, line)));
      if (steps.children.length === 0) for (const step of end.tools_used ?? []) addStep(steps, step);
      finish(end, bubble);
    } catch (error) {
      const stopped = running.signal.aborted;
      bubble.append(
        stopped
          ? h('p', { class: 'quiet-text' }, 'Stopped.')
          : problemPanel(error, [{ text: 'Ask again', run: () => void (bubble.remove(), answer(text)) }]),
      );
    } finally {
      waiting.remove();
      running = undefined;
      stop.hidden = true;
      send.disabled = false;
      log.removeAttribute('aria-busy');
      follow();
      if (document.activeElement === document.body) message.focus();
    }
  }

  function finish(end: ChatEnd, bubble: HTMLElement): void {
    sessionId = end.session_id ?? sessionId;
    const changed = end.story?.session_id;
    if (changed === undefined) return;
    if (app.story?.sessionId === changed) app.story.reload();
    else bubble.append(h('p', {}, h('a', { href: storyPath(changed) }, 'Open the story')));
  }

  /** What was said about the open story in earlier visits, the first time the panel opens on it. */
  async function recall(): Promise<void> {
    const about = app.story?.sessionId;
    if (about === undefined || recalled.has(about) || running !== undefined) return;
    recalled.add(about);
    try {
      const messages = await agent.messages(about);
      if (messages.length === 0 || app.story?.sessionId !== about) return;
      log.querySelector('.chat-welcome')?.remove();
      log.setAttribute('aria-live', 'off');
      log.prepend(
        h('p', { class: 'chat-mark' }, `Earlier, about “${app.story.title}”`),
        ...messages.map((message) =>
          message.role === 'user'
            ? said('mine', 'You', message.content)
            : said('theirs', 'Agent', message.content, message.tools),
        ),
      );
      log.removeAttribute('aria-live');
      log.scrollTop = log.scrollHeight;
    } catch {
      // The past is a help, not a condition: what is asked next is answered, or says itself what is wrong.
      recalled.delete(about);
    }
  }
}

function said(who: 'mine' | 'theirs', name: string, text: string, tools: readonly ToolStep[] = []): HTMLElement {
  const steps = h('ul', { class: 'steps', 'aria-label': 'Steps' });
  for (const step of tools) addStep(steps, step);
  return h(
    'div',
    { class: `bubble ${who}` },
    h('span', { class: 'visually-hidden' }, `${name}: `),
    tools.length > 0 ? steps : null,
    h('div', { class: 'words' }, ...paragraphs(text).map((line) => h('p', {}, line))),
  );
}

/** A step that ends takes the place of its beginning. */
function addStep(steps: HTMLElement, step: ToolStep): void {
  const open = [...steps.querySelectorAll<HTMLElement>('[data-open]')].find(
    (item) => item.dataset['open'] === step.name,
  );
  const text = tools[step.name] ?? step.name;
  const state = step.ok === undefined ? 'running' : step.ok ? 'done' : 'failed';
  const item = h(
    'li',
    { class: `step ${state}`, 'data-open': step.ok === undefined ? step.name : undefined },
    icon(state === 'failed' ? 'warn' : 'spark'),
    h('span', {}, text, state === 'failed' ? ' — without success' : ''),
    step.ms === undefined
      ? null
      : h(
          'span',
          { class: 'elapsed' },
          step.ms < 1000 ? `${Math.round(step.ms)} ms` : `${(step.ms / 1000).toFixed(1)} s`,
        ),
  );
  if (open === undefined) steps.append(item);
  else open.replaceWith(item);
}
