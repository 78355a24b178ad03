import { Lazy } from 'cdktf';
import { messageOf, synth } from '../testing';
import { PropsError, check, inRange, matches, oneOf, unless } from './checks';

describe('check', () => {
  it('reports every broken rule at once, with the construct path', () => {
    synth((stack) => {
      const message = messageOf(() =>
        check(stack, 'test.Thing', [
          inRange('count', 11, 1, 10, 'things'),
          oneOf('kind', 'c', ['a', 'b']),
          matches('name', 'A b', /^[a-z]+$/, 'lower-case letters'),
          unless(true, 'sides do not match'),
        ]),
      );
      expect(message).toBe(
        [
          'test.Thing at test: 4 problems',
          '- count is 11; allowed: a whole number from 1 to 10 things',
          '- kind is "c"; allowed: a, b',
          '- name is "A b"; allowed: lower-case letters',
          '- sides do not match',
        ].join('\n'),
      );
    });
  });

  it('says "1 problem" of one, and is silent when all rules hold', () => {
    synth((stack) => {
      expect(() => check(stack, 'test.Thing', [unless(true, 'broken')])).toThrow(
        new PropsError('test.Thing at test', ['broken']),
      );
      expect(messageOf(() => check(stack, 'test.Thing', [unless(true, 'broken')]))).toBe(
        'test.Thing at test: 1 problem\n- broken',
      );
      expect(() => check(stack, 'test.Thing', [unless(false, 'broken'), inRange('count', 1, 1, 10)])).not.toThrow();
    });
  });
});

describe('rules', () => {
  it.each([
    [0, 'count is 0; allowed: a whole number from 1 to 10'],
    [1, undefined],
    [10, undefined],
    [11, 'count is 11; allowed: a whole number from 1 to 10'],
    [1.5, 'count is 1.5; allowed: a whole number from 1 to 10'],
    [undefined, undefined],
  ])('inRange of %p', (value, expected) => expect(inRange('count', value, 1, 10)).toBe(expected));

  it('leaves tokens alone: their value is not known at synthesis', () => {
    expect(inRange('count', Lazy.numberValue({ produce: () => 11 }), 1, 10)).toBeUndefined();
    expect(oneOf('kind', Lazy.stringValue({ produce: () => 'x' }), ['a'])).toBeUndefined();
    expect(matches('name', Lazy.stringValue({ produce: () => 'x' }), /^a$/, 'a')).toBeUndefined();
  });
});
