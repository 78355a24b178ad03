import type { TerraformStack } from 'cdktf';
import type { VpcProps } from '../networking/vpc';
import { expectPassThrough, messageOf, naming, synth, type Block } from '../testing';
import { Cluster } from './cluster';
import { FargateService, type FargateServiceProps } from './fargate-service';
import { LoadBalancer } from './load-balancer';
import { TaskDefinition } from './task-definition';
import { network, other, serviceProps, taskProps } from './testing';

const service = (props: Partial<FargateServiceProps> = {}, vpc: Partial<VpcProps> = {}) =>
  synth((stack) => new FargateService(stack, 'web', { ...serviceProps(stack, vpc), ...props }));

describe('compute.FargateService', () => {
  it('rolls without going below full strength and takes a bad deployment back', () => {
    expect(service().only('aws_ecs_service')).toMatchObject({
      name: 'shop-test-web',
      launch_type: 'FARGATE',
      desired_count: 1,
      deployment_minimum_healthy_percent: 100,
      deployment_maximum_percent: 200,
      deployment_circuit_breaker: { enable: true, rollback: true },
      health_check_grace_period_seconds: 60,
      wait_for_steady_state: false,
      network_configuration: {
        assign_public_ip: false,
        subnets: [expect.stringContaining('network_Private1'), expect.stringContaining('network_Private2')],
      },
      load_balancer: [{ container_name: 'web', container_port: 8080 }],
    });
  });

  it('waits for its listener and its policies, as it must not outlive them', () => {
    const dependencies = (service().only('aws_ecs_service')['depends_on'] as string[]).map(
      (address) => address.split('.')[0],
    );
    expect([...dependencies].sort()).toEqual(['aws_iam_role_policy', 'aws_iam_role_policy', 'aws_lb_listener']);
  });

  it('is checked for its health on the traffic port', () => {
    expect(service().only('aws_lb_target_group')).toMatchObject({
      name: 'shop-test-web',
      target_type: 'ip',
      port: 8080,
      protocol: 'HTTP',
      deregistration_delay: '30',
      health_check: {
        path: '/health',
        port: 'traffic-port',
        matcher: '200',
        interval: 30,
        timeout: 5,
        healthy_threshold: 2,
        unhealthy_threshold: 3,
      },
    });
  });

  it('lets only the load balancer in, on its port', () => {
    const found = service();
    const ingress = found.json['resource'].aws_vpc_security_group_ingress_rule as Record<string, Block>;
    const [rule, ...more] = Object.entries(ingress)
      .filter(([, candidate]) => String(candidate['security_group_id']).includes('web_SecurityGroup'))
      .map(([, candidate]) => candidate);
    expect(more).toEqual([]);
    expect(rule).toMatchObject({
      referenced_security_group_id: expect.stringContaining('aws_security_group.alb_SecurityGroup'),
      from_port: 8080,
      to_port: 8080,
      ip_protocol: 'tcp',
    });
    expect(rule).not.toHaveProperty('cidr_ipv4');
  });

  it('takes a public address where that is the way out', () => {
    expect(service({}, { egress: 'public-subnets' }).only('aws_ecs_service')['network_configuration']).toMatchObject({
      assign_public_ip: true,
      subnets: [expect.stringContaining('network_Public1'), expect.stringContaining('network_Public2')],
    });
  });

  it('stands in a VPC without private subnets, behind a public load balancer, under a name of its own', () => {
    const found = synth((stack) => {
      const base = serviceProps(stack);
      const vpc = network(stack, 'open', { tiers: ['public'] });
      const loadBalancer = new LoadBalancer(stack, 'front', { naming, vpc, scheme: 'internet-facing', part: 'front' });
      new FargateService(stack, 'web', { ...base, loadBalancer, name: 'story-generator' });
    });
    expect(found.only('aws_ecs_service')).toMatchObject({
      name: 'story-generator',
      network_configuration: {
        assign_public_ip: true,
        subnets: [expect.stringContaining('open_Public1'), expect.stringContaining('open_Public2')],
      },
    });
    expect(found.only('aws_lb_target_group')['name']).toBe('shop-test-web');
  });

  it('waits for the listener that forwards to it', () => {
    const found = synth((stack) => {
      const base = serviceProps(stack);
      const loadBalancer = new LoadBalancer(stack, 'front', {
        naming,
        vpc: base.loadBalancer.vpc,
        part: 'front',
        certificateArn: 'c',
      });
      new FargateService(stack, 'web', { ...base, loadBalancer });
    });
    expect(found.only('aws_ecs_service')['depends_on']).toContainEqual(
      expect.stringMatching(/^aws_lb_listener\.front_TlsListener/),
    );
  });

  it('leaves the count to the autoscaler when there is one', () => {
    expect(service().only('aws_ecs_service')['lifecycle']).toBeUndefined();
    const found = service({ desiredCount: 2, autoscaling: { minCount: 2, maxCount: 4, cpuTargetPercent: 60 } });
    expect(found.only('aws_ecs_service')['lifecycle']).toEqual({ ignore_changes: ['desired_count'] });
    expect(found.only('aws_appautoscaling_target')).toMatchObject({
      min_capacity: 2,
      max_capacity: 4,
      service_namespace: 'ecs',
    });
    expect(found.only('aws_appautoscaling_policy')).toMatchObject({
      policy_type: 'TargetTrackingScaling',
      target_tracking_scaling_policy_configuration: {
        predefined_metric_specification: { predefined_metric_type: 'ECSServiceAverageCPUUtilization' },
        target_value: 60,
        scale_in_cooldown: 300,
        scale_out_cooldown: 60,
      },
    });
  });

  it('refuses a task that listens nowhere', () => {
    const deaf = (stack: TerraformStack) => {
      const taskDefinition = new TaskDefinition(stack, 'task', { ...taskProps(stack), containerPort: undefined });
      const cluster = new Cluster(stack, 'cluster', { naming });
      const loadBalancer = new LoadBalancer(stack, 'alb', { naming, vpc: network(stack) });
      return new FargateService(stack, 'web', { naming, part: 'web', cluster, taskDefinition, loadBalancer });
    };
    expect(messageOf(() => synth((stack) => void deaf(stack)))).toBe(
      'compute.FargateService at test/web: 1 problem\n- taskDefinition has no containerPort; allowed: 1 to 65535',
    );
  });

  it('reports every problem at once', () => {
    const given: Partial<FargateServiceProps> = {
      name: 'a b',
      desiredCount: 5001,
      healthCheckPath: 'health',
      healthCheckGracePeriodSeconds: -1,
      deregistrationDelaySeconds: 3601,
      autoscaling: { minCount: 1, maxCount: 2, cpuTargetPercent: 50 },
    };
    expect(messageOf(() => service(given))).toBe(
      [
        'compute.FargateService at test/web: 6 problems',
        '- name is "a b"; allowed: 1 to 255 letters, digits, - and _',
        '- desiredCount is 5001; allowed: a whole number from 0 to 5000 tasks',
        '- healthCheckPath is "health"; allowed: a path that starts with /',
        '- healthCheckGracePeriodSeconds is -1; allowed: a whole number from 0 to 2147483647 seconds',
        '- deregistrationDelaySeconds is 3601; allowed: a whole number from 0 to 3600 seconds',
        '- desiredCount is 5001; allowed: from autoscaling.minCount, 1, to maxCount, 2',
      ].join('\n'),
    );
    expect(() =>
      service({ desiredCount: 0, healthCheckGracePeriodSeconds: 0, deregistrationDelaySeconds: 3600 }),
    ).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<FargateServiceProps, 'cluster' | 'taskDefinition' | 'loadBalancer'>>(
      { naming, part: 'web' },
      {
        naming: other,
        part: 'api',
        name: 'whole',
        desiredCount: 2,
        healthCheckPath: '/ready',
        healthCheckGracePeriodSeconds: 30,
        deregistrationDelaySeconds: 10,
        autoscaling: { minCount: 1, maxCount: 2, cpuTargetPercent: 50 },
        waitForSteadyState: true,
      },
      (stack, props) => new FargateService(stack, 'web', { ...serviceProps(stack), ...props }),
    );
  });
});
