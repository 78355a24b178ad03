import { LbTargetGroup } from '@cdktf/provider-aws/lib/lb-target-group';
import type { TerraformStack } from 'cdktf';
import { LoadBalancer } from '../compute/load-balancer';
import { Naming } from '../naming/naming';
import { Vpc } from '../networking/vpc';
import { account, expectPassThrough, messageOf, naming, synth } from '../testing';
import { HttpApi, type HttpApiProps } from './http-api';

function loadBalancer(stack: TerraformStack): LoadBalancer {
  const vpc = new Vpc(stack, 'network', {
    naming,
    account,
    cidrBlock: '10.0.0.0/16',
    availabilityZones: ['us-east-1a', 'us-east-1b'],
  });
  const balancer = new LoadBalancer(stack, 'alb', { naming, vpc });
  balancer.forwardTo(new LbTargetGroup(stack, 'targets', { port: 80, protocol: 'HTTP', vpcId: vpc.id }));
  return balancer;
}
const api = (props: Partial<HttpApiProps> = {}) =>
  synth(
    (stack) => new HttpApi(stack, 'api', { naming, loadBalancer: loadBalancer(stack), logRetentionDays: 14, ...props }),
  );

describe('api.HttpApi', () => {
  it('is an HTTP API open to all origins for GET, POST and OPTIONS', () => {
    expect(api().only('aws_apigatewayv2_api')).toMatchObject({
      name: 'shop-test-api',
      protocol_type: 'HTTP',
      cors_configuration: {
        allow_origins: ['*'],
        allow_methods: ['GET', 'POST', 'OPTIONS'],
        allow_headers: ['content-type', 'authorization'],
        max_age: 300,
      },
    });
  });

  it('forwards every path over the VPC link to the listener', () => {
    const found = api();
    expect(found.only('aws_apigatewayv2_integration')).toMatchObject({
      integration_type: 'HTTP_PROXY',
      integration_method: 'ANY',
      integration_uri: expect.stringMatching(/^\$\{aws_lb_listener\.\w+\.arn\}$/),
      connection_type: 'VPC_LINK',
      connection_id: expect.stringMatching(/^\$\{aws_apigatewayv2_vpc_link\.\w+\.id\}$/),
      payload_format_version: '1.0',
      timeout_milliseconds: 30000,
    });
    expect(found.only('aws_apigatewayv2_route')).toMatchObject({
      route_key: '$default',
      target: expect.stringMatching(/^integrations\/\$\{aws_apigatewayv2_integration\.\w+\.id\}$/),
    });
  });

  it('has a link in the private subnets that may only reach the load balancer', () => {
    const found = api();
    expect(found.only('aws_apigatewayv2_vpc_link')).toMatchObject({
      name: 'shop-test-vpc-link',
      security_group_ids: [expect.stringContaining('aws_security_group.api_VpcLink_SecurityGroup')],
      subnet_ids: [expect.stringContaining('network_Private1'), expect.stringContaining('network_Private2')],
    });
    expect(found.only('aws_vpc_security_group_egress_rule')).toMatchObject({
      referenced_security_group_id: expect.stringContaining('aws_security_group.alb_SecurityGroup'),
      from_port: 80,
      to_port: 80,
      ip_protocol: 'tcp',
    });
  });

  it('deploys its stage by itself and logs each request as JSON', () => {
    const found = api();
    const stage = found.only('aws_apigatewayv2_stage');
    expect(stage).toMatchObject({ name: '$default', auto_deploy: true });
    expect(JSON.parse(stage['access_log_settings'].format)).toEqual({
      requestId: '$context.requestId',
      time: '$context.requestTime',
      sourceIp: '$context.identity.sourceIp',
      method: '$context.httpMethod',
      path: '$context.path',
      status: '$context.status',
      responseLength: '$context.responseLength',
      integrationLatency: '$context.integrationLatency',
      integrationError: '$context.integrationErrorMessage',
    });
    expect(found.only('aws_cloudwatch_log_group')).toMatchObject({
      name: '/aws/apigateway/shop-test-api',
      retention_in_days: 14,
    });
  });

  it('leaves limits out unless it has some: zero would block everything', () => {
    expect(api().only('aws_apigatewayv2_stage')['default_route_settings']).toBeUndefined();
    expect(
      api({ throttling: { rateLimit: 10.5, burstLimit: 20 } }).only('aws_apigatewayv2_stage')['default_route_settings'],
    ).toEqual({
      throttling_rate_limit: 10.5,
      throttling_burst_limit: 20,
    });
  });

  it('reports every problem at once', () => {
    const given: Partial<HttpApiProps> = {
      timeoutMilliseconds: 30_001,
      cors: { allowOrigins: ['*'], allowMethods: ['GETT'], allowHeaders: [], maxAgeSeconds: 86_401 },
      throttling: { rateLimit: 0, burstLimit: 0 },
    };
    expect(messageOf(() => api(given))).toBe(
      [
        'api.HttpApi at test/api: 5 problems',
        '- timeoutMilliseconds is 30001; allowed: a whole number from 50 to 30000 milliseconds',
        '- cors.maxAgeSeconds is 86401; allowed: a whole number from -1 to 86400 seconds',
        '- cors.allowMethods is "GETT"; allowed: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, *',
        '- throttling.rateLimit is 0; allowed: more than 0',
        '- throttling.burstLimit is 0; allowed: a whole number from 1 to 2147483647 requests',
      ].join('\n'),
    );
    expect(messageOf(() => api({ timeoutMilliseconds: 49 }))).toContain('timeoutMilliseconds is 49;');
    expect(() => api({ timeoutMilliseconds: 50, throttling: { rateLimit: 0.5, burstLimit: 1 } })).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<HttpApiProps, 'loadBalancer'>>(
      { naming, logRetentionDays: 14 },
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        logRetentionDays: 30,
        part: 'http',
        cors: { allowOrigins: ['https://a.example'], allowMethods: ['GET'], allowHeaders: ['x'], maxAgeSeconds: 1 },
        timeoutMilliseconds: 10_000,
        throttling: { rateLimit: 1, burstLimit: 2 },
      },
      (stack, props) => new HttpApi(stack, 'api', { loadBalancer: loadBalancer(stack), ...props }),
    );
  });
});
