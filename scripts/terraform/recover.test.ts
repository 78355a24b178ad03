import { silentReporter } from '../console/reporter';
import { createdIn, recover } from './recover';
import type { EngineEvent } from './run';

const complete = (addr: string, action: string, id_value?: string): EngineEvent => ({
  '@level': 'info',
  '@message': '',
  type: 'apply_complete',
  hook: { resource: { addr, resource_type: addr.split('.')[0]! }, action, id_key: 'id', id_value },
});

test('the journal gives what was created and not destroyed again', () => {
  const journal = [
    complete('aws_vpc.a', 'create', 'vpc-1'),
    complete('aws_vpc.b', 'create', 'vpc-2'),
    complete('aws_vpc.b', 'delete'),
    complete('aws_vpc.c', 'update', 'vpc-3'),
  ];
  expect(createdIn(journal)).toEqual([{ address: 'aws_vpc.a', type: 'aws_vpc', id: 'vpc-1' }]);
});

test('only what the state lacks is imported, and the journal is forgotten', async () => {
  const imported: string[][] = [];
  let forgotten = false;
  await recover(
    {
      name: 's',
      unfinishedJournal: () => [complete('aws_vpc.a', 'create', 'vpc-1'), complete('aws_vpc.b', 'create', 'vpc-2')],
      stateList: async () => ['aws_vpc.a'],
      import: async (...call: string[]) => imported.push(call) > 0,
      forgetJournal: () => (forgotten = true),
    },
    silentReporter,
  );
  expect(imported).toEqual([['aws_vpc.b', 'vpc-2']]);
  expect(forgotten).toBe(true);
});
