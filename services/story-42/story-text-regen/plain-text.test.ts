import fc from 'fast-check';
import { linesToIdeas, splitIntoParts } from './plain-text';

test('one part a paragraph, neighbours joined when there are too many', () => {
  expect(splitIntoParts('One.\n\nTwo.\n \nThree.', 5).map(({ text }) => text)).toEqual(['One.', 'Two.', 'Three.']);
  expect(splitIntoParts('a\n\nb\n\nc\n\nd\n\ne', 2).map(({ text }) => text)).toEqual(['a\n\nb', 'c\n\nd\n\ne']);
  expect(splitIntoParts('  ', 3)).toEqual([]);
});

test('headings become headings, also when a blank line follows them', () => {
  expect(splitIntoParts('# Start\nIt was.\n\n**Later**\n\nIt is.', 5)).toEqual([
    { heading: 'Start', text: 'It was.' },
    { heading: 'Later', text: 'It is.' },
  ]);
});

test('whatever is written, no word is lost', () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const paragraphs = fc.array(
    fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' ')),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(paragraphs, fc.integer({ min: 1, max: 20 }), (given, most) => {
      const parts = splitIntoParts(given.join('\n\n'), most);
      expect(parts.length).toBe(Math.min(most, given.length));
      expect(parts.map(({ text }) => text).join('\n\n')).toBe(given.join('\n\n'));
    }),
  );
});

test('JSON that breaks off gives up its texts', () => {
  const broken =
    '```json\n{"title":"T","segments":[{"heading":"H","text":"He said \\"hi\\".\\nThen"},{"text":"And so it';
  expect(splitIntoParts(broken, 5).map(({ text }) => text)).toEqual(['He said "hi".\nThen', 'And so it']);
});

test('the items of a list become ideas, else all lines', () => {
  const answer = 'Ideas:\n1. **The Whale**: It sings.\n- The Crab – walks sideways\n\nEnjoy!\n';
  expect(linesToIdeas(answer, 10)).toEqual([
    { title: 'The Whale', summary: 'It sings.' },
    { title: 'The Crab', summary: 'walks sideways' },
  ]);
  expect(linesToIdeas(answer, 1)).toHaveLength(1);
  expect(linesToIdeas('A lamp\n\n# A boat: sails', 10)).toEqual([
    { title: 'A lamp', summary: '' },
    { title: 'A boat', summary: 'sails' },
  ]);
  expect(linesToIdeas(' \n', 10)).toEqual([]);
});
