import { Naming } from '../naming/naming';
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

  it('is named by its part', () => {
    const story = new Naming({ project: 'story-42-west', environment: 'dev', environmentAt: 'end' });
    const name = (props: ClusterProps) =>
      synth((stack) => new Cluster(stack, 'cluster', props)).only('aws_ecs_cluster')['name'];
    expect(name({ naming })).toBe('shop-test-cluster');
    expect(name({ naming: story, part: 'ecs-cluster' })).toBe('story-42-west-ecs-cluster-dev');
  });

  it('passes every prop on', () => {
    expectPassThrough<ClusterProps>(
      { naming },
      { naming: other, part: 'ecs-cluster', containerInsights: true },
      (stack, props) => new Cluster(stack, 'cluster', props),
    );
  });
});
