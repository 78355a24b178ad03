/** For the tests of compute: what a service stands on, with the least that it needs. */
import type { TerraformStack } from 'cdktf';
import { Repository } from '../ecr/repository';
import { Naming } from '../naming/naming';
import { Vpc, type VpcProps } from '../networking/vpc';
import { account, naming, region } from '../testing';
import { Cluster } from './cluster';
import type { FargateServiceProps } from './fargate-service';
import { LoadBalancer } from './load-balancer';
import { TaskDefinition, type TaskDefinitionProps } from './task-definition';

export const other = new Naming({ project: 'other', environment: 'test' });
export const digest = `sha256:${'a'.repeat(64)}`;
const zones = ['us-east-1a', 'us-east-1b'];
export const network = (stack: TerraformStack, id = 'network', props: Partial<VpcProps> = {}) =>
  new Vpc(stack, id, { naming, account, cidrBlock: '10.0.0.0/16', availabilityZones: zones, ...props });
export const repository = (stack: TerraformStack, id = 'repository') =>
  new Repository(stack, id, { naming, part: 'web' });

export const taskProps = (stack: TerraformStack): TaskDefinitionProps => ({
  naming,
  part: 'web',
  account,
  region,
  cpu: 256,
  memoryMiB: 512,
  repository: repository(stack),
  imageDigest: digest,
  containerPort: 8080,
  environment: { B: '2', A: '1' },
  logRetentionDays: 14,
});

export const serviceProps = (stack: TerraformStack, vpc: Partial<VpcProps> = {}): FargateServiceProps => ({
  naming,
  part: 'web',
  cluster: new Cluster(stack, 'cluster', { naming }),
  taskDefinition: new TaskDefinition(stack, 'task', taskProps(stack)),
  loadBalancer: new LoadBalancer(stack, 'alb', { naming, vpc: network(stack, 'network', vpc) }),
});
