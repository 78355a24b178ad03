/** A Fargate service behind a load balancer: target group, security group, rolling deployment that takes itself back. */
import { EcsService } from '@cdktf/provider-aws/lib/ecs-service';
import { LbTargetGroup } from '@cdktf/provider-aws/lib/lb-target-group';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import { Construct } from 'constructs';
import { check, inRange, matches, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Naming } from '../naming/naming';
import { ServiceScaling, type ServiceScalingProps } from './autoscaling';
import type { Cluster } from './cluster';
import type { LoadBalancer } from './load-balancer';
import type { TaskDefinition } from './task-definition';

export interface FargateServiceProps {
  readonly naming: Naming;
  /** Last part of the service's name, of its target group's and of its security group's. */
  readonly part: string;
  /** Whole name of the service, where it is the same in every environment. @default - by the naming table */
  readonly name?: string;
  readonly cluster: Cluster;
  readonly taskDefinition: TaskDefinition;
  readonly loadBalancer: LoadBalancer;
  /** @default 1 */
  readonly desiredCount?: number;
  /** Path that answers 200 while a task can take requests. @default '/health' */
  readonly healthCheckPath?: string;
  /** How long a task that starts is not judged by its health. @default 60 */
  readonly healthCheckGracePeriodSeconds?: number;
  /** How long a task that leaves may finish its requests. @default 30 */
  readonly deregistrationDelaySeconds?: number;
  /** CPU target tracking. The desired count is then the autoscaler's. @default - a fixed count */
  readonly autoscaling?: Pick<ServiceScalingProps, 'minCount' | 'maxCount' | 'cpuTargetPercent'>;
  /** Whether apply waits for the new tasks. The commands wait themselves, and tell more. @default false */
  readonly waitForSteadyState?: boolean;
}

export class FargateService extends Construct {
  readonly resource: EcsService;
  readonly targetGroup: LbTargetGroup;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: FargateServiceProps) {
    super(scope, id);
    const { naming, part, loadBalancer, taskDefinition, desiredCount = 1, healthCheckPath = '/health' } = props;
    const { healthCheckGracePeriodSeconds = 60, deregistrationDelaySeconds = 30 } = props;
    const { vpc } = loadBalancer;
    const { containerPort } = taskDefinition;
    check(this, 'compute.FargateService', [
      matches('name', props.name, /^[A-Za-z0-9_-]{1,255}$/, '1 to 255 letters, digits, - and _'),
      unless(containerPort === undefined, 'taskDefinition has no containerPort; allowed: 1 to 65535'),
      inRange('desiredCount', desiredCount, 0, 5000, 'tasks'),
      matches('healthCheckPath', healthCheckPath, /^\/\S*$/, 'a path that starts with /'),
      inRange('healthCheckGracePeriodSeconds', healthCheckGracePeriodSeconds, 0, 2147483647, 'seconds'),
      inRange('deregistrationDelaySeconds', deregistrationDelaySeconds, 0, 3600, 'seconds'),
      unless(
        props.autoscaling !== undefined &&
          (desiredCount < props.autoscaling.minCount || desiredCount > props.autoscaling.maxCount),
        `desiredCount is ${desiredCount}; allowed: from autoscaling.minCount, ${props.autoscaling?.minCount}, to maxCount, ${props.autoscaling?.maxCount}`,
      ),
    ]);

    this.securityGroup = this.#securityGroup(props);
    this.targetGroup = new LbTargetGroup(this, 'TargetGroup', {
      name: naming.name('aws_lb_target_group', part),
      vpcId: vpc.id,
      targetType: 'ip',
      port: containerPort,
      protocol: 'HTTP',
      deregistrationDelay: String(deregistrationDelaySeconds),
      healthCheck: {
        path: healthCheckPath,
        port: 'traffic-port',
        protocol: 'HTTP',
        matcher: '200',
        interval: 30,
        timeout: 5,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
      },
    });
    // The scanner takes a redirect to TLS on the way for an answer.
    if (!loadBalancer.usesTls) {
      skipChecks(this.targetGroup, ['CKV_AWS_378'], {
        reason: 'TLS ends before the load balancer; the way from there to the task stays in the VPC',
        owner: 'platform',
      });
    }
    const listener = loadBalancer.forwardTo(this.targetGroup);

    this.resource = new EcsService(this, 'Resource', {
      name: props.name ?? naming.name('aws_ecs_service', part),
      cluster: props.cluster.resource.arn,
      taskDefinition: taskDefinition.resource.arn,
      launchType: 'FARGATE',
      desiredCount,
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      deploymentCircuitBreaker: { enable: true, rollback: true },
      healthCheckGracePeriodSeconds,
      waitForSteadyState: props.waitForSteadyState ?? false,
      networkConfiguration: {
        subnets: vpc.taskSubnets.map((subnet) => subnet.id),
        securityGroups: [this.securityGroup.id],
        assignPublicIp: vpc.tasksNeedPublicIp,
      },
      loadBalancer: [containerPort]
        .filter((port) => port !== undefined)
        .map((port) => ({
          targetGroupArn: this.targetGroup.arn,
          containerName: taskDefinition.containerName,
          containerPort: port,
        })),
      // ECS takes only target groups that a listener uses; and policies must outlive the service, or it cannot drain.
      dependsOn: [listener, ...taskDefinition.taskRole.policies, ...taskDefinition.executionRole.policies],
      // With autoscaling the count belongs to the autoscaler; putting it back would undo its work on every deploy.
      lifecycle: props.autoscaling === undefined ? undefined : { ignoreChanges: ['desired_count'] },
    });
    if (vpc.tasksNeedPublicIp) {
      skipChecks(this.resource, ['CKV_AWS_333'], {
        reason: 'the way out is through the public subnets; the security group still lets only the load balancer in',
        owner: 'platform',
      });
    }
    if (props.autoscaling !== undefined) {
      new ServiceScaling(this, 'Scaling', {
        naming,
        part,
        clusterName: props.cluster.name,
        serviceName: this.resource.name,
        ...props.autoscaling,
      });
    }
  }

  get name(): string {
    return this.resource.name;
  }

  /** In: the container's port from the load balancer's group alone. Out: anywhere. */
  #securityGroup({ naming, part, loadBalancer, taskDefinition }: FargateServiceProps): SecurityGroup {
    const port = { ipProtocol: 'tcp', fromPort: taskDefinition.containerPort, toPort: taskDefinition.containerPort };
    const group = new SecurityGroup(this, 'SecurityGroup', {
      name: naming.name('aws_security_group', part),
      description: `Tasks of ${part}: reached by the load balancer only`,
      vpcId: loadBalancer.vpc.id,
    });
    new VpcSecurityGroupIngressRule(this, 'FromLoadBalancer', {
      securityGroupId: group.id,
      description: 'Requests and health checks of the load balancer',
      referencedSecurityGroupId: loadBalancer.securityGroup.id,
      ...port,
    });
    new VpcSecurityGroupEgressRule(this, 'LoadBalancerToTasks', {
      securityGroupId: loadBalancer.securityGroup.id,
      description: `To the tasks of ${part}`,
      referencedSecurityGroupId: group.id,
      ...port,
    });
    // The addresses of AWS services and of integrations are not known before.
    new VpcSecurityGroupEgressRule(this, 'ToAnywhere', {
      securityGroupId: group.id,
      description: 'AWS services and the integrations of tenants',
      ipProtocol: '-1',
      cidrIpv4: '0.0.0.0/0',
    });
    return group;
  }
}
