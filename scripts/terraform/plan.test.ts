import { describePlan, summarisePlan, type PlanJson } from './plan';

const change = (address: string, actions: string[], mode: 'managed' | 'data' = 'managed') => ({
  address,
  type: address.split('.')[0]!,
  mode,
  change: { actions },
});

const plan: PlanJson = {
  resource_changes: [
    change('aws_vpc.b', ['create']),
    change('aws_vpc.a', ['create']),
    change('aws_subnet.a', ['update']),
    change('aws_dynamodb_table.t', ['delete', 'create']),
    change('aws_lb.l', ['create', 'delete']),
    change('aws_eip.e', ['delete']),
    change('aws_ecs_cluster.c', ['no-op']),
    change('data.aws_region.r', ['read'], 'data'),
  ],
  output_changes: { a: { actions: ['create'] }, b: { actions: ['no-op'] } },
};

test('sorts every change into one group; replacements in either order are replacements', () => {
  expect(summarisePlan(plan)).toEqual({
    create: ['aws_vpc.a', 'aws_vpc.b'],
    update: ['aws_subnet.a'],
    replace: ['aws_dynamodb_table.t', 'aws_lb.l'],
    delete: ['aws_eip.e'],
    outputs: ['a'],
    changes: 7,
  });
});

test('what goes away comes first', () => {
  const lines = describePlan(summarisePlan(plan));
  expect(lines.slice(0, 4)).toEqual(['DESTROY (1)', '  - aws_eip.e', 'REPLACE (2)', '  ± aws_dynamodb_table.t']);
});

test('long lists of creations are cut, lists of destroys are not', () => {
  const many = (action: string) => Array.from({ length: 50 }, (_, n) => change(`aws_${action}.r${n}`, [action]));
  const lines = describePlan(summarisePlan({ resource_changes: [...many('create'), ...many('delete')] }));
  expect(lines.filter((line) => line.startsWith('  - '))).toHaveLength(50);
  expect(lines.filter((line) => line.startsWith('  + '))).toHaveLength(12);
  expect(lines.at(-1)).toBe('  … and 38 more');
});

test('an empty plan says so', () => {
  expect(describePlan(summarisePlan({}))).toEqual(['No changes: the environment is as the code says.']);
});
