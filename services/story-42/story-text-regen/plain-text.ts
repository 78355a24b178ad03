/** Makes the best of an answer that is not the JSON it should be: nothing that was written is lost. */

export interface TextPart {
  readonly heading: string | undefined;
  readonly text: string;
}

export interface Idea {
  readonly title: string;
  readonly summary: string;
}

/** At most `most` parts: as many as there are paragraphs, neighbours joined evenly when there are more. */
export function splitIntoParts(answer: string, most: number): TextPart[] {
  const paragraphs = withoutLoneHeadings(paragraphsOf(answer));
  const count = Math.min(most, paragraphs.length);
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * paragraphs.length) / count);
    const to = Math.floor(((index + 1) * paragraphs.length) / count);
    return toPart(paragraphs.slice(from, to).join('\n\n'));
  });
}

const LIST_MARK = /^\s*(?:[-*•]+|\(?\d{1,2}[.):])\s+/;

/** One idea a line, list marks removed; "title: summary" is taken apart. In a list, only what is marked as its items counts. */
export function linesToIdeas(answer: string, most: number): Idea[] {
  const lines = cleaned(answer)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const marked = lines.filter((line) => LIST_MARK.test(line));
  return (marked.length > 0 ? marked : lines)
    .map((line) =>
      line
        .replace(LIST_MARK, '')
        .replace(/^#+\s+|\*\*|__/g, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .slice(0, most)
    .map((line) => {
      const [, title = line, summary = ''] = /^(.{3,120}?)\s*(?::|\s[-–—])\s+(.+)$/.exec(line) ?? [];
      return { title: clip(title.trim(), 300), summary: clip(summary.trim(), 4_000) };
    });
}

export const clip = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;

function paragraphsOf(answer: string): string[] {
  const texts = textsOfBrokenJson(answer);
  return (texts ?? cleaned(answer).split(/\n[^\S\n]*\n/)).map((part) => part.trim()).filter((part) => part !== '');
}

const cleaned = (answer: string): string => answer.replace(/\r\n?/g, '\n').replace(/^```\w*[^\S\n]*$/gm, '');

/** JSON that broke off, or that is a little wrong, still has its texts in it. */
function textsOfBrokenJson(answer: string): string[] | undefined {
  if (!/^\s*(?:```(?:json)?\s*)?[{[]/i.test(answer)) return undefined;
  const found = [...answer.matchAll(/"(?:text|synopsis)"\s*:\s*"((?:[^"\\]|\\[\s\S])*)(?:"|\\?$)/g)];
  return found.length === 0 ? undefined : found.map(([, inner]) => unescaped(inner!));
}

function unescaped(inner: string): string {
  try {
    return JSON.parse(`"${inner.replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/\r/g, '')}"`) as string;
  } catch {
    return inner.replace(/\\n/g, '\n').replace(/\\(["\\/])/g, '$1');
  }
}

/** A heading alone belongs to what comes after it. */
function withoutLoneHeadings(paragraphs: readonly string[]): string[] {
  const joined: string[] = [];
  let heading: string | undefined;
  for (const paragraph of paragraphs) {
    const whole = heading === undefined ? paragraph : `${heading}\n${paragraph}`;
    if (isHeading(paragraph)) heading = whole;
    else {
      joined.push(whole);
      heading = undefined;
    }
  }
  return heading === undefined ? joined : [...joined, heading];
}

const isHeading = (paragraph: string): boolean => /^(?:#{1,6}\s+\S.*|\*\*[^*\n]+\*\*)$/.test(paragraph);

function toPart(text: string): TextPart {
  const end = text.indexOf('\n');
  const line = end < 0 ? '' : text.slice(0, end).trim();
  if (!isHeading(line)) return { heading: undefined, text };
  return { heading: clip(line.replace(/^#+\s+|\*\*/g, ''), 300), text: text.slice(end + 1).trim() };
}
