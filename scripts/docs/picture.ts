/** Draws an architecture as SVG: frames, cards and arrows, from a layout that is data. What it cannot know, how wide text gets, is
 * looked at in the browser that makes the PNG (render.ts). */
import { icons, type IconName } from './icons';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** `plain` is there without being made: people, and services of AWS that are only called. */
type Tone = 'phase1' | 'phase2' | 'outside' | 'plain';

export interface Frame extends Box {
  readonly label: string;
  /** `plain` encloses, `phase1` and `phase2` say of what is inside that it comes with that phase. */
  readonly tone: 'plain' | 'faint' | 'phase1' | 'phase2' | 'outside';
}

export interface Card extends Box {
  readonly title: string;
  readonly icon: IconName;
  readonly tone: Tone;
  readonly lines: readonly string[];
  /** Only in some environments: drawn with a broken border. */
  readonly optional?: boolean;
}

type Side = 'left' | 'right' | 'top' | 'bottom';
type Point = readonly [x: number, y: number];

/** A place on the border of a frame or card: a side, and how far along it (x for top and bottom, y for left and right). */
export type Port = readonly [name: string, side: Side, along: number];

export interface Arrow {
  readonly from: Port;
  readonly to: Port;
  /** Corners on the way. */
  readonly via?: readonly Point[];
  /** `request`: calls. `trust`: what is believed or fetched in order to run, such as keys and images. */
  readonly kind: 'request' | 'trust';
  readonly label?: { readonly text: string; readonly at: Point; readonly anchor?: 'start' | 'middle' | 'end' };
}

interface LegendEntry {
  readonly at: Point;
  readonly text: string;
  readonly sample: Tone | 'optional' | Arrow['kind'];
}

interface Step extends Box {
  readonly title: string;
  readonly text: string;
  readonly tone: Tone | 'neutral';
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly subtitle: string;
  /** For people who hear the picture. */
  readonly description: string;
  readonly notice: string;
  readonly frames: Readonly<Record<string, Frame>>;
  readonly cards: Readonly<Record<string, Card>>;
  readonly arrows: readonly Arrow[];
  readonly legend: readonly LegendEntry[];
  /** A row of steps, each leading to the next. */
  readonly steps: readonly Step[];
}

const ink = '#1d2939';
const quiet = '#526072';
const paper = '#fcfbf8';
const tones = {
  phase1: { line: '#12758a', fill: '#eaf6f8', strong: '#0d5c6d' },
  phase2: { line: '#c2620f', fill: '#fef3e6', strong: '#98490a' },
  outside: { line: '#7a6a9c', fill: '#f5f2fa', strong: '#5a4b7c' },
  plain: { line: '#34475f', fill: '#ffffff', strong: '#22344b' },
  neutral: { line: '#9aa5b1', fill: '#ffffff', strong: '#34475f' },
} as const;
const frameTones = {
  plain: { line: '#8a97a6', fill: '#ffffff', dash: '' },
  faint: { line: '#aab4bf', fill: '#f7f8f9', dash: '7 5' },
  phase1: { line: '#8fc3cd', fill: '#f6fbfc', dash: '' },
  phase2: { line: '#eac39a', fill: '#fffaf4', dash: '' },
  outside: { line: '#b9aecf', fill: '#fbf9fd', dash: '7 5' },
} as const;
const arrowColours = { request: '#34475f', trust: '#8592a0' } as const;
const corner = 9;

/** Where an arrow touches a border. */
export function portAt({ frames, cards }: Pick<Picture, 'frames' | 'cards'>, [name, side, along]: Port): Point {
  const box = cards[name] ?? frames[name];
  if (box === undefined) throw new Error(`the picture has nothing named ${name}`);
  if (side === 'left' || side === 'right') return [side === 'left' ? box.x : box.x + box.width, along];
  return [along, side === 'top' ? box.y : box.y + box.height];
}

/** All corners of an arrow, ends included. */
export function pointsOf(picture: Pick<Picture, 'frames' | 'cards'>, { from, via = [], to }: Arrow): Point[] {
  return [portAt(picture, from), ...via, portAt(picture, to)];
}

export function svg(picture: Picture): string {
  const { width, height, title, subtitle, description, notice } = picture;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    `<style>`,
    `text { font-family: "Liberation Sans", Arial, Helvetica, sans-serif; fill: ${ink}; }`,
    `.title { font-size: 36px; font-weight: 700; }`,
    `.subtitle { font-size: 17px; fill: ${quiet}; }`,
    `.name { font-size: 17px; font-weight: 700; }`,
    `.line { font-size: 14px; fill: ${quiet}; }`,
    `.frame { font-size: 15px; font-weight: 700; fill: ${quiet}; }`,
    `.label { font-size: 13.5px; fill: ${tones.plain.line}; paint-order: stroke; stroke: #ffffff; stroke-width: 5px; stroke-linejoin: round; }`,
    `.badge { font-size: 13px; font-weight: 700; fill: #ffffff; text-anchor: middle; }`,
    `</style>`,
    `<defs>`,
    ...Object.entries(arrowColours).map(
      ([kind, colour]) =>
        `<marker id="head-${kind}" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="10.5" markerHeight="10.5" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.6 L10 5 L0 9.4 Z" fill="${colour}"/></marker>`,
    ),
    `</defs>`,
    `<rect width="${width}" height="${height}" fill="${paper}"/>`,
    `<text x="30" y="56" class="title">${escape(title)}</text>`,
    `<text x="30" y="86" class="subtitle">${escape(subtitle)}</text>`,
    ...picture.legend.map(legend),
    ...Object.entries(picture.frames).map(([name, frame]) => frameOf(name, frame)),
    ...picture.arrows.map((arrow) => arrowOf(picture, arrow)),
    ...Object.entries(picture.cards).map(([name, card]) => cardOf(name, card)),
    ...picture.arrows.map(labelOf).filter((text) => text !== ''),
    ...picture.steps.map((step, index) => stepOf(step, index, picture.steps[index + 1])),
    `<text x="${width - 30}" y="${height - 18}" text-anchor="end" class="line">${escape(notice)}</text>`,
    `</svg>`,
    '',
  ].join('\n');
}

function frameOf(name: string, { label, tone, ...box }: Frame): string {
  const { line, fill, dash } = frameTones[tone];
  return [
    `<g data-frame="${name}">`,
    rect(box, { radius: 16, fill, line, width: 1.6, dash }),
    `<text x="${box.x + 18}" y="${box.y + 27}" class="frame">${escape(label)}</text>`,
    `</g>`,
  ].join('');
}

function cardOf(name: string, { title, icon, tone, lines, optional, ...box }: Card): string {
  const { line, fill, strong } = tones[tone];
  const phase = tone === 'phase1' ? '1' : tone === 'phase2' ? '2' : undefined;
  const badge = { x: box.x + box.width - 2, y: box.y + 2 };
  return [
    `<g data-card="${name}">`,
    rect(box, { radius: 11, fill, line, width: 1.8, dash: optional ? '6 4' : '' }),
    `<g transform="translate(${box.x + 14} ${box.y + 13})" fill="none" stroke="${strong}" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round">${icons[icon]}</g>`,
    `<text x="${box.x + 47}" y="${box.y + 31}" class="name" style="fill:${strong}">${escape(title)}</text>`,
    ...lines.map(
      (text, index) => `<text x="${box.x + 15}" y="${box.y + 58 + index * 19}" class="line">${escape(text)}</text>`,
    ),
    phase === undefined
      ? ''
      : `<circle cx="${badge.x}" cy="${badge.y}" r="11" fill="${line}" stroke="#ffffff" stroke-width="2"/><text x="${badge.x}" y="${badge.y + 4.6}" class="badge">${phase}</text>`,
    `</g>`,
  ].join('');
}

function arrowOf(picture: Picture, arrow: Arrow): string {
  return line(rounded(pointsOf(picture, arrow)), arrow.kind);
}

function labelOf({ label }: Arrow): string {
  if (label === undefined) return '';
  const [x, y] = label.at;
  return `<text x="${x}" y="${y}" text-anchor="${label.anchor ?? 'start'}" class="label">${escape(label.text)}</text>`;
}

function legend({ at: [x, y], text, sample }: LegendEntry): string {
  const box = { x, y: y - 15, width: 34, height: 20 };
  const swatch =
    sample === 'request' || sample === 'trust'
      ? line(`M${x} ${y - 5} H${x + 34}`, sample)
      : sample === 'optional'
        ? rect(box, { radius: 5, fill: '#ffffff', line: tones.neutral.strong, width: 1.8, dash: '6 4' })
        : rect(box, { radius: 5, fill: tones[sample].fill, line: tones[sample].line, width: 1.8, dash: '' });
  return `${swatch}<text x="${x + 44}" y="${y}" class="line">${escape(text)}</text>`;
}

function stepOf(step: Step, index: number, next: Step | undefined): string {
  const { line: colour, fill, strong } = tones[step.tone];
  const middle = step.y + step.height / 2;
  return [
    rect(step, { radius: 11, fill, line: colour, width: 1.8, dash: '' }),
    `<text x="${step.x + 18}" y="${step.y + 30}" class="name" style="fill:${strong}">${index + 1}. ${escape(step.title)}</text>`,
    `<text x="${step.x + 18}" y="${step.y + 55}" class="line">${escape(step.text)}</text>`,
    next === undefined ? '' : line(`M${step.x + step.width} ${middle} H${next.x}`, 'request'),
  ].join('');
}

function line(path: string, kind: Arrow['kind']): string {
  const dash = kind === 'trust' ? ' stroke-dasharray="6 5"' : '';
  return `<path d="${path}" fill="none" stroke="${arrowColours[kind]}" stroke-width="1.9"${dash} marker-end="url(#head-${kind})"/>`;
}

/** A path along the points whose corners are round. */
function rounded(points: readonly Point[]): string {
  const [start, ...rest] = points as [Point, ...Point[]];
  const parts = rest.map((point, index) => {
    const next = rest[index + 1];
    if (next === undefined) return `L${point.join(' ')}`;
    const before = towards(point, points[index]!);
    const after = towards(point, next);
    return `L${before.join(' ')} Q${point.join(' ')} ${after.join(' ')}`;
  });
  return [`M${start.join(' ')}`, ...parts].join(' ');
}

/** The point on the way from one corner to another where the rounding begins. */
function towards([x, y]: Point, [toX, toY]: Point): Point {
  const length = Math.hypot(toX - x, toY - y);
  const share = Math.min(corner, length / 2) / length;
  return [round(x + (toX - x) * share), round(y + (toY - y) * share)];
}

interface Look {
  readonly radius: number;
  readonly fill: string;
  readonly line: string;
  readonly width: number;
  readonly dash: string;
}

function rect({ x, y, width, height }: Box, look: Look): string {
  const dash = look.dash === '' ? '' : ` stroke-dasharray="${look.dash}"`;
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${look.radius}" fill="${look.fill}" stroke="${look.line}" stroke-width="${look.width}"${dash}/>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
