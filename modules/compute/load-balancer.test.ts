import { LbTargetGroup } from '@cdktf/provider-aws/lib/lb-target-group';
import { TerraformOutput } from 'cdktf';
import type { VpcProps } from '../networking/vpc';
import { expectPassThrough, messageOf, naming, synth } from '../testing';
import { LoadBalancer, type LoadBalancerProps } from './load-balancer';
import { network, other } from './testing';

describe('compute.LoadBalancer', () => {
  const alb = (props: Partial<LoadBalancerProps> = {}, vpc: Partial<VpcProps> = {}) =>
    synth((stack) => new LoadBalancer(stack, 'alb', { naming, vpc: network(stack, 'network', vpc), ...props }));
  const forwarding = (props: Partial<LoadBalancerProps>, look: (made: LoadBalancer) => void = () => undefined) =>
    synth((stack) => {
      const made = new LoadBalancer(stack, 'alb', { naming, vpc: network(stack), ...props });
      made.forwardTo(new LbTargetGroup(stack, 'targets', { port: 80, protocol: 'HTTP', vpcId: made.vpc.id }));
      look(made);
    });

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

  it('faces the Internet from the public subnets, open for HTTP and HTTPS, when told', () => {
    const found = alb({ scheme: 'internet-facing', idleTimeoutSeconds: 120 }, { tiers: ['public'] });
    expect(found.only('aws_lb')).toMatchObject({
      internal: false,
      idle_timeout: 120,
      subnets: [expect.stringContaining('network_Public1'), expect.stringContaining('network_Public2')],
    });
    expect(
      found
        .all('aws_vpc_security_group_ingress_rule')
        .map((rule) => [rule['from_port'], rule['to_port'], rule['cidr_ipv4'], rule['ip_protocol']]),
    ).toEqual([
      [80, 80, '0.0.0.0/0', 'tcp'],
      [443, 443, '0.0.0.0/0', 'tcp'],
    ]);
  });

  it('forwards on its plain listener without a certificate', () => {
    const found = forwarding({ scheme: 'internet-facing' });
    expect(found.only('aws_lb_listener')).toMatchObject({
      port: 80,
      protocol: 'HTTP',
      default_action: [{ type: 'forward', target_group_arn: expect.stringContaining('aws_lb_target_group.targets') }],
    });
  });

  it('forwards on 443 and redirects to it with a certificate', () => {
    const seen: unknown[] = [];
    const found = forwarding({ scheme: 'internet-facing', certificateArn: 'arn:aws:acm:r:1:certificate/c' }, (made) =>
      seen.push(made.port, made.usesTls, made.listener.friendlyUniqueId.replace(/_[^_]+$/, '')),
    );
    expect(seen).toEqual([443, true, 'alb_TlsListener']);
    expect(found.all('aws_lb_listener')).toEqual([
      expect.objectContaining({
        port: 80,
        protocol: 'HTTP',
        default_action: [{ type: 'redirect', redirect: { port: '443', protocol: 'HTTPS', status_code: 'HTTP_301' } }],
      }),
      expect.objectContaining({
        port: 443,
        protocol: 'HTTPS',
        certificate_arn: 'arn:aws:acm:r:1:certificate/c',
        ssl_policy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
        default_action: [{ type: 'forward', target_group_arn: expect.stringContaining('aws_lb_target_group.targets') }],
      }),
    ]);
  });

  it('opens 443 of an internal one only with a certificate', () => {
    const ports = (props: Partial<LoadBalancerProps>) =>
      alb(props)
        .all('aws_vpc_security_group_ingress_rule')
        .map((rule) => rule['from_port']);
    expect(ports({ port: 8080 })).toEqual([8080]);
    expect(ports({ port: 8080, certificateArn: 'c' })).toEqual([8080, 443]);
  });

  it('gives out its name and what an alias points at', () => {
    const { json } = synth((stack) => {
      const { dnsName, aliasTarget } = new LoadBalancer(stack, 'alb', { naming, vpc: network(stack) });
      for (const [name, value] of Object.entries({ own: dnsName, ...aliasTarget }))
        new TerraformOutput(stack, name, { value, staticId: true });
    });
    const value = (name: string): string => json['output'][name].value;
    expect(value('own')).toMatch(/^\$\{aws_lb\.alb_\w+\.dns_name\}$/);
    expect(value('dnsName')).toBe(value('own'));
    expect(value('hostedZoneId')).toMatch(/^\$\{aws_lb\.alb_\w+\.zone_id\}$/);
  });

  it('says that it has no listener before it forwards', () => {
    synth((stack) => {
      const found = new LoadBalancer(stack, 'alb', { naming, vpc: network(stack) });
      expect(() => found.listener).toThrow('test/alb has no listener yet: call forwardTo first');
    });
  });

  it('reports every problem at once', () => {
    const given = { scheme: 'public' as never, port: 0, idleTimeoutSeconds: 4001 };
    expect(messageOf(() => alb(given))).toBe(
      [
        'compute.LoadBalancer at test/alb: 3 problems',
        '- scheme is "public"; allowed: internal, internet-facing',
        '- port is 0; allowed: a whole number from 1 to 65535',
        '- idleTimeoutSeconds is 4001; allowed: a whole number from 1 to 4000 seconds',
      ].join('\n'),
    );
    expect(messageOf(() => alb({ port: 443 }, { tiers: ['public'] }))).toBe(
      [
        'compute.LoadBalancer at test/alb: 2 problems',
        '- scheme is "internal"; allowed in a VPC without private subnets: internet-facing',
        '- port is 443; allowed: another one, as 443 is the port for TLS',
      ].join('\n'),
    );
    expect(() => alb({ port: 65535, idleTimeoutSeconds: 4000 })).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<LoadBalancerProps, 'vpc'>>(
      { naming },
      {
        naming: other,
        part: 'lb',
        scheme: 'internet-facing',
        port: 8080,
        certificateArn: 'c',
        idleTimeoutSeconds: 90,
        deletionProtection: true,
      },
      (stack, props) => new LoadBalancer(stack, 'alb', { vpc: network(stack), ...props }),
    );
  });
});
