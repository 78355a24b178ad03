import { fidelityPage, resourceTypes } from './fidelity';
import { fidelityTable } from './fidelity-table';

const calls = [
  { service: 'ec2', operation: 'CreateVpc', status: 200 },
  { service: 'dynamodb', operation: 'CreateTable', status: 400 },
];

test('the page lists what was applied, sorted, the same each time', () => {
  const input = { types: ['aws_vpc', 'aws_vpc', 'terraform_data'], calls };
  const page = fidelityPage(input);
  expect(page).toBe(fidelityPage({ ...input, types: [...input.types].reverse() }));
  expect(page).toContain('| `aws_vpc` | recorded |');
  expect(page).toContain('**recorded** (1 of 1 types)');
});

test('types without judgement or never applied stop it, all of them named', () => {
  expect(() => fidelityPage({ types: ['aws_vpc', 'aws_new_thing', 'aws_dynamodb_table'], calls })).toThrow(
    'aws_new_thing has no entry in scripts/local/fidelity-table.ts.\n' +
      'aws_dynamodb_table was never applied on this local cloud: the ledger has no dynamodb:CreateTable that succeeded.',
  );
});

test('every entry of the table names a call and gives a reason', () => {
  for (const [type, { call, note }] of Object.entries(fidelityTable)) {
    expect([type, call]).toEqual([type, expect.stringMatching(/^[a-z0-9-]+:[A-Z][A-Za-z]+$/)]);
    expect([type, note]).toEqual([type, expect.stringMatching(/^\S.*[^.]$/)]);
  }
  expect(Object.keys(fidelityTable)).toEqual(Object.keys(fidelityTable).sort());
});

test('types are read from a synthesised stack', () => {
  expect(resourceTypes({ resource: { aws_vpc: {}, aws_eip: {} } })).toEqual(['aws_eip', 'aws_vpc']);
  expect(resourceTypes({})).toEqual([]);
});
