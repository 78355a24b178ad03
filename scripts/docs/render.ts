/** Makes a PNG of an SVG in a real Chromium, and looks at what only a browser knows: whether text fits and keeps clear. */
import { chromium } from 'playwright-core';

/** Pixels of the PNG for each of the picture's. */
const SCALE = 1.5;

export interface Rendered {
  readonly png: Buffer;
  /** Texts that lie over others or leave their card. */
  readonly mistakes: readonly string[];
}

export async function render(svg: string, size: { width: number; height: number }, browser: string): Promise<Rendered> {
  // Chromium's sandbox does not start as root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const running = await chromium.launch({ executablePath: browser, headless: true, args });
  try {
    const page = await running.newPage({ viewport: size, deviceScaleFactor: SCALE });
    await page.setContent(`<!doctype html><style>body { margin: 0 } svg { display: block }</style>${svg}`);
    return { mistakes: await page.evaluate<string[]>(lookScript), png: await page.screenshot({ type: 'png' }) };
  } finally {
    await running.close();
  }
}

/** Runs in the page. */
const lookScript = `(() => {
  const boxOf = (element) => element.getBoundingClientRect();
  // Labels of arrows keep some distance, too.
  const roomOf = (element, room) => {
    const { left, right, top, bottom } = boxOf(element);
    return { left: left - room, right: right + room, top: top - room, bottom: bottom + room };
  };
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const texts = [...document.querySelectorAll('svg text')];
  const cards = [...document.querySelectorAll('[data-card]')];
  const mistakes = [];
  texts.forEach((text, index) => {
    const box = boxOf(text);
    const said = JSON.stringify(text.textContent);
    for (const other of texts.slice(index + 1))
      if (meet(box, boxOf(other))) mistakes.push(said + ' lies over ' + JSON.stringify(other.textContent));
    const own = text.closest('[data-card], [data-frame]');
    if (own !== null) {
      const around = boxOf(own.querySelector('rect'));
      if (box.right > around.right - 8 && !text.classList.contains('badge')) mistakes.push(said + ' is too wide for ' + (own.dataset.card ?? own.dataset.frame));
      if (box.bottom > around.bottom - 4) mistakes.push(said + ' is too low for ' + (own.dataset.card ?? own.dataset.frame));
    }
    for (const card of cards)
      if (card !== own && meet(own === null ? roomOf(text, 5) : box, boxOf(card.querySelector('rect')))) mistakes.push(said + ' lies over the card ' + card.dataset.card);
  });
  return mistakes;
})()`;
