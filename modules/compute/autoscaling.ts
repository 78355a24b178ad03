/** Keeps a Fargate service's CPU near a target by changing its task count. */
import { AppautoscalingPolicy } from '@cdktf/provider-aws/lib/appautoscaling-policy';
import { AppautoscalingTarget } from '@cdktf/provider-aws/lib/appautoscaling-target';
import { Construct } from 'constructs';
import { check, inRange, unless } from '../checks/checks';
import type { Naming } from '../naming/naming';

export interface ServiceScalingProps {
  readonly naming: Naming;
  readonly part: string;
  readonly clusterName: string;
  readonly serviceName: string;
  readonly minCount: number;
  readonly maxCount: number;
  /** Average CPU of all tasks to aim for, in percent. */
  readonly cpuTargetPercent: number;
  /** Seconds between steps up. @default 60 */
  readonly scaleOutCooldownSeconds?: number;
  /** Seconds between steps down; longer, so that a lull does not cost the next peak. @default 300 */
  readonly scaleInCooldownSeconds?: number;
}

export class ServiceScaling extends Construct {
  readonly resource: AppautoscalingTarget;

  constructor(scope: Construct, id: string, props: ServiceScalingProps) {
    super(scope, id);
    const { scaleOutCooldownSeconds = 60, scaleInCooldownSeconds = 300 } = props;
    check(this, 'compute.ServiceScaling', [
      inRange('minCount', props.minCount, 0, 5000, 'tasks'),
      inRange('maxCount', props.maxCount, 1, 5000, 'tasks'),
      unless(
        props.minCount > props.maxCount,
        `minCount is ${props.minCount}; allowed: at most maxCount, ${props.maxCount}`,
      ),
      inRange('cpuTargetPercent', props.cpuTargetPercent, 10, 90, 'percent'),
      inRange('scaleOutCooldownSeconds', scaleOutCooldownSeconds, 0, 3600, 'seconds'),
      inRange('scaleInCooldownSeconds', scaleInCooldownSeconds, 0, 3600, 'seconds'),
    ]);
    this.resource = new AppautoscalingTarget(this, 'Resource', {
      serviceNamespace: 'ecs',
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: `service/${props.clusterName}/${props.serviceName}`,
      minCapacity: props.minCount,
      maxCapacity: props.maxCount,
    });
    new AppautoscalingPolicy(this, 'Cpu', {
      name: props.naming.name('aws_appautoscaling_policy', `${props.part}-cpu`),
      serviceNamespace: this.resource.serviceNamespace,
      scalableDimension: this.resource.scalableDimension,
      resourceId: this.resource.resourceId,
      policyType: 'TargetTrackingScaling',
      targetTrackingScalingPolicyConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        targetValue: props.cpuTargetPercent,
        scaleOutCooldown: scaleOutCooldownSeconds,
        scaleInCooldown: scaleInCooldownSeconds,
      },
    });
  }
}
