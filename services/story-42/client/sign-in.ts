/** Signing in, and the new password that a first sign-in asks for. */
import type { App, View } from './app';
import { h } from './dom';
import { passwordRules, type NewPasswordChallenge } from './identity';
import { announce, button, field, problemPanel, setMistake, whileBusy } from './ui';

export function signInView(app: App, done: () => void, notice?: string): View {
  const card = h('div', { class: 'card sign-in' });
  const element = h(
    'div',
    { class: 'gate' },
    h(
      'div',
      { class: 'gate-words' },
      h('p', { class: 'kicker' }, 'Once upon a topic'),
      h('h1', { tabindex: '-1' }, 'A small idea, ', h('em', {}, 'a whole book.')),
      h(
        'p',
        { class: 'lead' },
        'Give Story-42 a topic. It drafts the outline, writes every page, paints the pictures and reads them aloud — and each line stays yours to change.',
      ),
    ),
    card,
  );
  askPassword(app, card, done, notice);
  return { element, title: 'Sign in' };
}

function askPassword(app: App, card: HTMLElement, done: () => void, notice?: string): void {
  const email = h('input', {
    type: 'email',
    name: 'email',
    autocomplete: 'username',
    required: true,
    spellcheck: 'false',
  });
  const password = h('input', { type: 'password', name: 'password', autocomplete: 'current-password', required: true });
  const problems = h('div', {});
  const form = h(
    'form',
    { novalidate: true, on: { submit: (event) => void submit(event) } },
    h('h2', {}, 'Sign in'),
    notice === undefined ? null : h('p', { class: 'notice', role: 'status' }, notice),
    field('E-mail', email),
    field('Password', password),
    problems,
    button('Sign in', undefined, { kind: 'primary', type: 'submit' }),
  );
  card.replaceChildren(form);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    problems.replaceChildren();
    setMistake(email, email.value.trim() === '' ? 'Enter your e-mail address.' : '');
    setMistake(password, password.value === '' ? 'Enter your password.' : '');
    const wrong = form.querySelector<HTMLElement>('[aria-invalid]');
    if (wrong !== null) return wrong.focus();
    try {
      const challenge = await whileBusy(form, () => app.identity.signIn(email.value.trim(), password.value));
      if (challenge === undefined) return done();
      askNewPassword(app, card, challenge, done);
    } catch (error) {
      problems.replaceChildren(problemPanel(error));
    }
  }
}

function askNewPassword(app: App, card: HTMLElement, challenge: NewPasswordChallenge, done: () => void): void {
  const password = h('input', { type: 'password', name: 'new-password', autocomplete: 'new-password', required: true });
  const again = h('input', { type: 'password', name: 'repeat-password', autocomplete: 'new-password', required: true });
  const items = passwordRules.map((rule) => ({
    rule,
    item: h('li', {}, rule.text, h('span', { class: 'visually-hidden' })),
  }));
  const rules = h(
    'ul',
    { class: 'rules', id: 'password-rules', 'aria-label': 'The password needs' },
    ...items.map(({ item }) => item),
  );
  const problems = h('div', {});
  const heading = h('h2', { tabindex: '-1' }, 'Choose a new password');
  const check = (): boolean => {
    for (const { rule, item } of items) {
      const met = rule.met(password.value);
      item.classList.toggle('met', met);
      item.querySelector('span')!.textContent = met ? ' (met)' : ' (not yet met)';
    }
    return passwordRules.every((rule) => rule.met(password.value));
  };
  const form = h(
    'form',
    { novalidate: true, on: { submit: (event) => void submit(event) } },
    heading,
    h('p', {}, 'You signed in with a temporary password. It works only once; from now on you use your own.'),
    field('New password', password),
    rules,
    field('New password again', again),
    problems,
    h(
      'div',
      { class: 'row' },
      button('Save and continue', undefined, { kind: 'primary', type: 'submit' }),
      button('Back', () => askPassword(app, card, done), { kind: 'quiet' }),
    ),
  );
  password.setAttribute('aria-describedby', `${password.getAttribute('aria-describedby')} password-rules`);
  password.addEventListener('input', check);
  check();
  card.replaceChildren(form);
  heading.focus();
  announce('Signed in with a temporary password. Choose a new one.');

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    problems.replaceChildren();
    setMistake(password, check() ? '' : 'This password does not meet every rule yet.');
    setMistake(again, again.value === password.value ? '' : 'The two passwords differ.');
    const wrong = form.querySelector<HTMLElement>('[aria-invalid]');
    if (wrong !== null) return wrong.focus();
    try {
      await whileBusy(form, () => app.identity.setNewPassword(challenge, password.value));
      done();
    } catch (error) {
      problems.replaceChildren(problemPanel(error));
    }
  }
}
