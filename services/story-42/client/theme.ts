/** Dark or light: as the system says, until the reader says otherwise. */
import { button } from './ui';

const STORED = 'story-42.theme';
const order = ['auto', 'light', 'dark'] as const;
type Theme = (typeof order)[number];

const labels: Readonly<Record<Theme, string>> = { auto: 'as the system', light: 'light', dark: 'dark' };

function current(): Theme {
  const stored = localStorage.getItem(STORED);
  return order.find((theme) => theme === stored) ?? 'auto';
}

function apply(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function themeButton(): HTMLButtonElement {
  const item = button('Theme', next, { kind: 'quiet', shape: 'moon' });
  show(current());
  return item;

  function next(): void {
    const theme = order[(order.indexOf(current()) + 1) % order.length]!;
    if (theme === 'auto') localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, theme);
    show(theme);
  }

  function show(theme: Theme): void {
    apply(theme);
    item.setAttribute('aria-label', `Theme: ${labels[theme]}. Change`);
    item.title = `Theme: ${labels[theme]}`;
  }
}
