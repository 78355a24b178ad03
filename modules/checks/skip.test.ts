import { EcsCluster } from '@cdktf/provider-aws/lib/ecs-cluster';
import { synth } from '../testing';
import { skipChecks, skippedChecks } from './skip';

describe('skipChecks', () => {
  it('collects every accepted finding with its resource, reason and owner, in a stable order', () => {
    synth((stack) => {
      const cluster = new EcsCluster(stack, 'cluster', { name: 'one' });
      const other = new EcsCluster(stack, 'another', { name: 'two' });
      skipChecks(cluster, ['CKV_2', 'CKV_1'], { reason: 'why', owner: 'me' });
      skipChecks(other, ['CKV_1'], { reason: 'why else', owner: 'you' });
      expect(skippedChecks(stack, (element) => element.friendlyUniqueId)).toEqual([
        { resource: 'another', check: 'CKV_1', reason: 'why else', owner: 'you' },
        { resource: 'cluster', check: 'CKV_1', reason: 'why', owner: 'me' },
        { resource: 'cluster', check: 'CKV_2', reason: 'why', owner: 'me' },
      ]);
    });
  });
});
