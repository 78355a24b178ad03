/** An ECS cluster for Fargate. */
import { EcsCluster } from '@cdktf/provider-aws/lib/ecs-cluster';
import { Construct } from 'constructs';
import { skipChecks } from '../checks/skip';
import type { Grantee } from '../iam/policy';
import type { Naming } from '../naming/naming';

export interface ClusterProps {
  readonly naming: Naming;
  /** Last part of the name. @default 'cluster' */
  readonly part?: string;
  /** Metrics a task, billed as custom metrics. @default false */
  readonly containerInsights?: boolean;
}

export class Cluster extends Construct {
  readonly resource: EcsCluster;

  constructor(scope: Construct, id: string, { naming, part = 'cluster', containerInsights = false }: ClusterProps) {
    super(scope, id);
    this.resource = new EcsCluster(this, 'Resource', {
      name: naming.name('aws_ecs_cluster', part),
      setting: [{ name: 'containerInsights', value: containerInsights ? 'enabled' : 'disabled' }],
    });
    if (!containerInsights) {
      skipChecks(this.resource, ['CKV_AWS_65'], {
        reason: 'Container Insights is billed by metric and is a value of the environment',
        owner: 'platform',
      });
    }
  }

  get name(): string {
    return this.resource.name;
  }

  /** Look at the tasks of this cluster and stop them. Starting them is granted by their task definition. */
  grantWatchTasks(grantee: Grantee, place: { readonly account: string; readonly region: string }): void {
    grantee.addToPolicy({
      sid: `WatchTasksOf${this.node.id.replace(/[^A-Za-z0-9]/g, '')}`,
      actions: ['ecs:DescribeTasks', 'ecs:StopTask'],
      resources: [`arn:aws:ecs:${place.region}:${place.account}:task/${this.name}/*`],
    });
  }
}
