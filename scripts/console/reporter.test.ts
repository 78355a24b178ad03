import { formatSeconds } from './reporter';

test.each([
  [0, '0.0 s'],
  [59.94, '59.9 s'],
  [60, '1 min 00 s'],
  [125.4, '2 min 05 s'],
])('%d s reads %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
