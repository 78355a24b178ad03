import { parseGroups, principalOf, requireGroup } from './principal';

test.each([
  [
    ['admin', 'author'],
    ['admin', 'author'],
  ],
  ['[admin author]', ['admin', 'author']],
  ['admin,author', ['admin', 'author']],
  ['["admin", "author"]', ['admin', 'author']],
  ['author', ['author']],
  ['[]', []],
  ['', []],
  [undefined, []],
  [7, []],
])('groups %j', (claim, groups) => expect(parseGroups(claim)).toEqual(groups));

test('is made from claims; without a sub there is none', () => {
  expect(principalOf({ sub: 's', email: 'e@x.org', 'cognito:groups': '[author]' })).toEqual({
    sub: 's',
    email: 'e@x.org',
    groups: ['author'],
  });
  for (const claims of [undefined, null, {}, { sub: '' }, { sub: 1 }]) {
    expect(() => principalOf(claims)).toThrow('the request carries no identity');
  }
});

test('one of the two groups lets in, no other', () => {
  expect(() => requireGroup({ sub: 's', groups: ['x', 'author'] })).not.toThrow();
  expect(() => requireGroup({ sub: 's', groups: ['admin'] })).not.toThrow();
  for (const groups of [[], ['administrator'], ['Admin']]) {
    expect(() => requireGroup({ sub: 's', groups })).toThrow('the user must be in group admin or author');
  }
});
