/** The little that this page needs for making elements. Text is always set as text, never as markup. */

type Child = Node | string | null | undefined | false;
type Listener = (event: Event) => void;

export interface Props {
  readonly class?: string;
  /** Names the element for `keepFocus`. */
  readonly key?: string;
  readonly on?: Readonly<Record<string, Listener>>;
  readonly [attribute: string]: unknown;
}

/** Attributes `true` are set empty; `false`, `null` and `undefined` are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on')
      for (const [type, listener] of Object.entries(value as object))
        element.addEventListener(type, listener as Listener);
    else if (name === 'key') element.dataset['key'] = String(value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(
    ...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false),
  );
  return element;
}

const shapes = {
  book: 'M12 6.5C10 4.8 7 4.2 3.5 4.5v13c3.5-.3 6.5.3 8.5 2 2-1.7 5-2.3 8.5-2v-13C17 4.2 14 4.8 12 6.5Zm0 0v13',
  pen: 'M4 20l1-4.5L16.5 4a2.1 2.1 0 0 1 3 3L8 18.5 4 20Zm11-14.5 3 3',
  quill: 'M5 20c2-8 6-13.5 14.5-16C19 11 15 15.5 8.5 16M5 20l3.5-4M10 16c1-2.5 2.5-5 5-7.5',
  picture: 'M4 5h16v14H4zM4 16l4.5-4.5 4 4L15 13l5 4.5M15.5 9.2a1.2 1.2 0 1 0 .01 0',
  sound: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4Zm11.5-1a5 5 0 0 1 0 7M18 6a8.5 8.5 0 0 1 0 12',
  spark: 'M12 3.5c.6 4.8 3 7.3 8 8-5 .7-7.4 3.2-8 8-.6-4.8-3-7.3-8-8 5-.7 7.4-3.2 8-8Z',
  bin: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5',
  print: 'M7 9V4h10v5M7 17H4v-8h16v8h-3M7 14h10v6H7z',
  chat: 'M4 5h16v11h-8.5L7 20v-4H4z',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  up: 'M12 19V6M6.5 11.5 12 6l5.5 5.5',
  down: 'M12 5v13M6.5 12.5 12 18l5.5-5.5',
  send: 'M4 12 20 4.5 14.5 20l-3-6.5z',
  warn: 'M12 4 21 19.5H3zM12 10v4.5M12 17v.3',
} as const;

export type Shape = keyof typeof shapes;

/** Decoration: the text beside it says the same. */
export function icon(shape: Shape): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', shapes[shape]);
  svg.append(path);
  return svg;
}

/** Replaces what is inside, and leaves the focus on the element of the same key. */
export function keepFocus(parent: HTMLElement, ...children: Child[]): void {
  const active = document.activeElement;
  const key = active instanceof HTMLElement && parent.contains(active) ? active.dataset['key'] : undefined;
  parent.replaceChildren(...children.filter((child): child is Node | string => !!child));
  if (key === undefined) return;
  parent.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

let ids = 0;
export const freshId = (name: string): string => `${name}-${++ids}`;

/** A small number from a text, the same every time: colours of book covers. */
export function numberOf(text: string, below: number): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return sum % below;
}
