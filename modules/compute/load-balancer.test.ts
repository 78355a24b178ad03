import { expectPassThrough, messageOf, naming, synth } from '../testing';
import { LoadBalancer, type LoadBalancerProps } from './load-balancer';
import { network, other } from './testing';

describe('compute.LoadBalancer', () => {
  const alb = (props: Partial<LoadBalancerProps> = {}) =>
    synth((stack) => new LoadBalancer(stack, 'alb', { naming, vpc: network(stack), ...props }));

  it('is internal, in the private subnets, open for HTTP', () => {
    const found = alb();
    expect(found.only('aws_lb')).toMatchObject({
      name: 'shop-test-alb',
      internal: true,
      load_balancer_type: 'application',
      drop_invalid_header_fields: true,
      enable_deletion_protection: false,
      subnets: [expect.stringContaining('network_Private1'), expect.stringContaining('network_Private2')],
    });
    expect(found.only('aws_vpc_security_group_ingress_rule')).toMatchObject({
      from_port: 80,
      to_port: 80,
      cidr_ipv4: '0.0.0.0/0',
      ip_protocol: 'tcp',
    });
    expect(found.all('aws_lb_listener')).toEqual([]);
  });

  it('says that it has no listener before it forwards', () => {
    synth((stack) => {
      const found = new LoadBalancer(stack, 'alb', { naming, vpc: network(stack) });
      expect(() => found.listener).toThrow('test/alb has no listener yet: call forwardTo first');
    });
  });

  it('reports every problem at once', () => {
    expect(messageOf(() => alb({ port: 0, idleTimeoutSeconds: 4001 }))).toBe(
      [
        'compute.LoadBalancer at test/alb: 2 problems',
        '- port is 0; allowed: a whole number from 1 to 65535',
        '- idleTimeoutSeconds is 4001; allowed: a whole number from 1 to 4000 seconds',
      ].join('\n'),
    );
    expect(() => alb({ port: 65535, idleTimeoutSeconds: 4000 })).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<LoadBalancerProps, 'vpc'>>(
      { naming },
      { naming: other, part: 'lb', port: 8080, idleTimeoutSeconds: 90, deletionProtection: true },
      (stack, props) => new LoadBalancer(stack, 'alb', { vpc: network(stack), ...props }),
    );
  });
});
