/** The page: its frame, who is signed in, and which view is open (after the # of the address). */
import { Agent } from './agent';
import { StoryApi } from './api';
import type { App, View } from './app';
import { chatPanel, type Chat } from './chat';
import { loadConfig } from './config';
import { h } from './dom';
import { homeView } from './home';
import { Identity } from './identity';
import { signInView } from './sign-in';
import { storyPage } from './story-page';
import { themeButton } from './theme';
import { announce, button, problemPanel } from './ui';

const main = document.querySelector('main')!;
const tools = document.getElementById('tools')!;
const footer = document.getElementById('version')!;
let view: View | undefined;
let chat: Chat | undefined;

void begin();

// The address after the # is the view's: the skip link moves the focus only.
document.querySelector('.skip')!.addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});

async function begin(): Promise<void> {
  tools.replaceChildren(themeButton());
  try {
    const config = await loadConfig();
    footer.textContent = `Version ${config.version}`;
    const identity = new Identity(config);
    const app: App = {
      config,
      identity,
      api: new StoryApi(config, identity),
      agent: typeof config.agentUrl === 'string' ? new Agent(config.agentUrl, identity) : undefined,
      story: undefined,
      go(path) {
        if (location.hash === path) route(app);
        else location.hash = path;
      },
    };
    identity.onExpired = () =>
      askSignIn(app, 'Your sign-in has expired. Sign in again; you will be back where you were.');
    window.addEventListener('hashchange', () => {
      if (identity.person !== undefined) route(app);
    });
    if (identity.person === undefined) askSignIn(app);
    else enter(app, false);
  } catch (error) {
    main.replaceChildren(problemPanel(error, [{ text: 'Reload', run: () => location.reload() }]));
  }
}

function open(next: View, focus: boolean): void {
  view?.stop?.();
  view = next;
  document.title = `${next.title} · Story-42`;
  main.replaceChildren(next.element);
  window.scrollTo({ top: 0 });
  if (focus) main.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
}

function askSignIn(app: App, notice?: string): void {
  leave();
  open(
    signInView(app, () => enter(app, true), notice),
    notice !== undefined,
  );
  main.querySelector<HTMLInputElement>('input[type=email]')?.focus();
}

function enter(app: App, focus: boolean): void {
  const email = app.identity.person?.email ?? '';
  chat?.close();
  chat = app.agent === undefined ? undefined : chatPanel(app, app.agent);
  if (chat !== undefined) document.querySelector('.frame')!.append(chat.element);
  tools.replaceChildren(
    h('a', { class: 'button quiet', href: '#/' }, h('span', {}, 'Shelf')),
    ...(chat === undefined ? [] : [chat.opener]),
    themeButton(),
    h('span', { class: 'person', title: email }, h('span', { class: 'visually-hidden' }, 'Signed in as '), email),
    button('Sign out', () => void signOut(app), { kind: 'quiet' }),
  );
  route(app, focus);
  if (focus) announce(`Signed in as ${email}.`);
}

async function signOut(app: App): Promise<void> {
  const done = app.identity.signOut();
  // What the last person had open is none of the next one's business.
  history.replaceState(null, '', location.pathname);
  askSignIn(app, 'You are signed out.');
  await done;
}

function leave(): void {
  chat?.close();
  chat = undefined;
  tools.replaceChildren(themeButton());
}

function route(app: App, focus = true): void {
  const [, sessionId, outline] = /^#\/stories\/([^/]+)(\/outline)?$/.exec(location.hash) ?? [];
  if (sessionId !== undefined) open(storyPage(app, decodeURIComponent(sessionId), outline !== undefined), focus);
  else open(homeView(app), focus);
}
