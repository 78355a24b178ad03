import { isAtLeast } from './versions';

describe('isAtLeast', () => {
  test.each([
    ['1.12.1', '1.12.1', true],
    ['1.12.0', '1.12.1', false],
    ['1.13.0', '1.12.1', true],
    ['v2.0.0', '1.12.1', true],
    ['1.12.6-dev', '1.12.6', true],
    ['1.9.99', '1.12.1', false],
    ['go1.26.6', '1.26.6', true],
    ['1.26', '1.26.6', false],
  ])('%s against %s is %s', (version, atLeast, expected) => {
    expect(isAtLeast(version, atLeast)).toBe(expected);
  });
});
