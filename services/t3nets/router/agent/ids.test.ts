import fc from 'fast-check';
import { InvalidIdError } from './errors';
import { channelIntegration, checkedId, idRules, isId, type IdKind } from './ids';

const kinds = Object.keys(idRules) as IdKind[];

test.each<[IdKind, string]>([
  ['tenant', 'default'],
  ['tenant', 'a'],
  ['tenant', 'a'.repeat(63)],
  ['user', 'anonymous'],
  ['user', 'una@example.com'],
  ['user', '+4930123456'],
  ['user', 'auth0|5f7c'],
  ['session', '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['session', '1712345678.000200'],
  ['integration', 'jira'],
  ['integration', 'channel-slack-C0123'],
  ['channelType', 'slack'],
  ['channel', 'C0123'],
])('a %s may be "%s"', (kind, id) => {
  expect(checkedId(kind, id)).toBe(id);
});

test.each<[IdKind, string]>([
  ['tenant', ''],
  ['tenant', 'A'],
  ['tenant', 'a_b'],
  ['tenant', '-a'],
  ['tenant', 'a-'],
  ['tenant', 'a'.repeat(64)],
  ['tenant', 'a\n'],
  ['user', ''],
  ['user', '.hidden'],
  ['user', 'a b'],
  ['session', '..'],
  ['integration', '../default/jira'],
  ['channelType', 'ms-teams'],
  ['channel', 'a#b'],
])('a %s may not be %j', (kind, id) => {
  expect(() => checkedId(kind, id)).toThrow(InvalidIdError);
});

test('a single foreign character makes any id invalid', () => {
  const foreign = fc.oneof(
    fc.constantFrom('#', '/', '\\', '\n', '\0', ' ', '?', '%', '*'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...kinds), foreign, fc.nat(6), (kind, character, position) => {
      fc.pre(!/[A-Za-z0-9._@+:=|-]/.test(character));
      const id = 'channel'.slice(0, position) + character + 'channel'.slice(position);
      expect(isId(kind, id)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('no id is a step in a path', () => {
  for (const kind of kinds) for (const step of ['.', '..', './a', '../a', '']) expect(isId(kind, step)).toBe(false);
});

test('two channels never share an integration name', () => {
  const type = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/);
  const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@+=-]{0,6}$/);
  fc.assert(
    fc.property(type, id, type, id, (typeA, idA, typeB, idB) => {
      const same = channelIntegration(typeA, idA) === channelIntegration(typeB, idB);
      return same === (typeA === typeB && idA === idB);
    }),
  );
});
