import { differences } from './compare';

describe('differences', () => {
  it('leaves out framework and provider versions, and nothing beside them', () => {
    const json = (version: string, size: number) => ({
      '//': { metadata: { version, stackName: 's' } },
      terraform: { required_providers: { aws: { version, source: version } }, backend: { s3: { bucket: 'b' } } },
      resource: { aws_x: { one: { size, list: [1, size] } } },
    });
    expect(differences(json('1', 5), json('2', 5))).toEqual([]);
    expect(differences(json('1', 5), json('2', 6))).toEqual([
      { path: 'resource.aws_x.one.list.1', before: 5, after: 6 },
      { path: 'resource.aws_x.one.size', before: 5, after: 6 },
    ]);
  });

  it('finds what is only on one side, and a list in place of an object', () => {
    expect(differences({ a: 1 }, { b: 2 })).toEqual([
      { path: 'a', before: 1, after: undefined },
      { path: 'b', before: undefined, after: 2 },
    ]);
    expect(differences({ a: [] }, { a: {} })).toEqual([{ path: 'a', before: [], after: {} }]);
  });
});
