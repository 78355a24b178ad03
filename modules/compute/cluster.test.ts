import { expectPassThrough, naming, synth } from '../testing';
import { Cluster, type ClusterProps } from './cluster';
import { other } from './testing';

describe('compute.Cluster', () => {
  it('has Container Insights when told', () => {
    const settings = (props: Partial<ClusterProps>) =>
      synth((stack) => new Cluster(stack, 'cluster', { naming, ...props })).only('aws_ecs_cluster')['setting'];
    expect(settings({})).toEqual([{ name: 'containerInsights', value: 'disabled' }]);
    expect(settings({ containerInsights: true })).toEqual([{ name: 'containerInsights', value: 'enabled' }]);
  });

  it('passes every prop on', () => {
    expectPassThrough<ClusterProps>(
      { naming },
      { naming: other, containerInsights: true },
      (stack, props) => new Cluster(stack, 'cluster', props),
    );
  });
});
