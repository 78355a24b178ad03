import { Role } from '../iam/role';
import { Naming } from '../naming/naming';
import { account, expectPassThrough, naming, region, statements, synth } from '../testing';
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

  it('grants looking at its tasks and stopping them', () => {
    const found = synth((stack) => {
      const watcher = { naming, part: 'watcher', service: 'states.amazonaws.com', account, description: 'd' };
      new Cluster(stack, 'cluster', { naming }).grantWatchTasks(new Role(stack, 'role', watcher), { account, region });
    });
    expect(statements(found.only('aws_iam_role_policy')['policy'])).toEqual([
      {
        Sid: 'WatchTasksOfcluster',
        Effect: 'Allow',
        Action: ['ecs:DescribeTasks', 'ecs:StopTask'],
        Resource: [
          expect.stringMatching(/^arn:aws:ecs:us-east-1:111111111111:task\/\$\{aws_ecs_cluster\.\w+\.name\}\/\*$/),
        ],
      },
    ]);
  });

  it('passes every prop on', () => {
    expectPassThrough<ClusterProps>(
      { naming },
      { naming: other, part: 'ecs-cluster', containerInsights: true },
      (stack, props) => new Cluster(stack, 'cluster', props),
    );
  });
});
