import { pathsToRenew } from './static-site';

test('the page is renewed under both of its names, and spaces as they are asked for', () => {
  expect(pathsToRenew(['index.html', 'a b.js'])).toEqual(['/', '/index.html', '/a%20b.js']);
});

test('many paths become one, which is billed as one', () => {
  const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `part-${n}.js`);
  expect(pathsToRenew(keys(10))).toHaveLength(10);
  expect(pathsToRenew(keys(11))).toEqual(['/*']);
});
