import { fidelityPage, neverApplied, resourceTypes } from './fidelity';
import { fidelityTable } from './fidelity-table';

const calls = [
  { service: 'ec2', operation: 'CreateVpc', status: 200 },
  { service: 'dynamodb', operation: 'CreateTable', status: 400 },
];

test('the page lists every type once, sorted, the same each time', () => {
  const types = ['aws_vpc', 'aws_vpc', 'terraform_data'];
  const page = fidelityPage(types);
  expect(page).toBe(fidelityPage([...types].reverse()));
  expect(page).toContain('| `aws_vpc` | recorded |');
  expect(page).toContain('**recorded** (1 of 1 types)');
});

test('a type without judgement stops it', () => {
  expect(() => fidelityPage(['aws_vpc', 'aws_new_thing'])).toThrow(
    'aws_new_thing has no entry in scripts/local/fidelity-table.ts.',
  );
});

test('types that were never applied are named', () => {
  expect(neverApplied(['aws_vpc', 'aws_dynamodb_table', 'terraform_data'], calls)).toEqual([
    'aws_dynamodb_table was never applied on this local cloud: the ledger has no dynamodb:CreateTable that succeeded.',
  ]);
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
