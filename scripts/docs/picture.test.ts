/** The committed picture is what its layout says, and the layout holds together. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pointsOf, portAt, svg, type Box, type Picture } from './picture';
import { story42Picture } from './story-42';

const docs = resolve(fileURLToPath(import.meta.url), '../../../docs');

const meet = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const within = (a: Box, b: Box): boolean =>
  a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;
const pairs = <T>(all: readonly T[]): [T, T][] =>
  all.flatMap((one, index) => all.slice(index + 1).map((other): [T, T] => [one, other]));

describe.each<[string, Picture]>([['story-42', story42Picture]])('picture of %s', (system, picture) => {
  const cards = Object.entries(picture.cards);
  const frames = Object.entries(picture.frames);

  it('is what stands in docs/', () => expect(readFileSync(join(docs, system, 'hld.svg'), 'utf8')).toBe(svg(picture)));

  it('has cards that keep clear of each other, each wholly in a frame or out of it', () => {
    const clash = pairs(cards).filter(([[, a], [, b]]) => meet(a, b));
    const torn = cards.flatMap(([card, a]) =>
      frames.filter(([, b]) => meet(a, b) && !within(a, b)).map(([frame]) => `${card} sticks out of ${frame}`),
    );
    expect([...clash.map(([[a], [b]]) => `${a} lies over ${b}`), ...torn]).toEqual([]);
  });

  it('has frames inside one another or apart, all on the page', () => {
    const page = { x: 0, y: 0, width: picture.width, height: picture.height };
    expect(frames.filter(([, frame]) => !within(frame, page))).toEqual([]);
    expect(pairs(frames).filter(([[, a], [, b]]) => meet(a, b) && !within(a, b) && !within(b, a))).toEqual([]);
  });

  it.each(picture.arrows.map((arrow) => [`${arrow.from[0]} to ${arrow.to[0]}`, arrow] as const))(
    'leads from %s in straight lines, past all other cards',
    (_name, arrow) => {
      const points = pointsOf(picture, arrow);
      const parts = points.slice(1).map((point, index) => [points[index]!, point] as const);
      expect(parts.filter(([[x, y], [toX, toY]]) => (x === toX) === (y === toY))).toEqual([]);
      const ends = [arrow.from[0], arrow.to[0]];
      const through = cards.filter(
        ([name, card]) =>
          !ends.includes(name) &&
          parts.some(([[x, y], [toX, toY]]) =>
            meet(card, {
              x: Math.min(x, toX),
              y: Math.min(y, toY),
              width: Math.abs(toX - x),
              height: Math.abs(toY - y),
            }),
          ),
      );
      expect(through.map(([name]) => name)).toEqual([]);
      // An end lies on its border, not beside it.
      for (const port of [arrow.from, arrow.to]) {
        const box = picture.cards[port[0]] ?? picture.frames[port[0]]!;
        const [x, y] = portAt(picture, port);
        expect(within({ x, y, width: 0, height: 0 }, box)).toBe(true);
      }
    },
  );
});

const small: Picture = {
  width: 100,
  height: 100,
  title: 'A < B & C',
  subtitle: '',
  description: '',
  notice: '',
  frames: {},
  cards: {
    one: { x: 10, y: 10, width: 20, height: 20, title: 'One', icon: 'key', tone: 'phase1', lines: ['a', 'b'] },
    two: { x: 60, y: 60, width: 20, height: 20, title: 'Two', icon: 'key', tone: 'plain', lines: [], optional: true },
  },
  arrows: [{ from: ['one', 'right', 20], via: [[70, 20]], to: ['two', 'top', 70], kind: 'trust' }],
  legend: [],
  steps: [],
};

it('writes text that XML takes', () => expect(svg(small)).toContain('<title id="title">A &lt; B &amp; C</title>'));

it('draws an arrow with a round corner, and broken where it is trust', () => {
  expect(svg(small)).toContain('d="M30 20 L61 20 Q70 20 70 29 L70 60"');
  expect(svg(small)).toMatch(/L70 60"[^>]*stroke-dasharray/);
  expect(svg({ ...small, arrows: [{ ...small.arrows[0]!, kind: 'request' }] })).not.toMatch(
    /L70 60"[^>]*stroke-dasharray/,
  );
});

it('shows phases by number, and what is optional by its border', () => {
  const card = (name: string) => new RegExp(`<g data-card="${name}">.*`).exec(svg(small))![0];
  expect(card('one')).toContain('class="badge">1</text>');
  expect(card('one')).not.toContain('stroke-dasharray');
  expect(card('two')).not.toContain('badge');
  expect(card('two')).toContain('stroke-dasharray');
});

it('names what an arrow leads to when it is not there', () => {
  const lost: Picture = {
    ...small,
    arrows: [{ from: ['one', 'right', 20], to: ['three', 'left', 20], kind: 'request' }],
  };
  expect(() => svg(lost)).toThrow('the picture has nothing named three');
});
