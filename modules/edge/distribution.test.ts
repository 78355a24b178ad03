import { TerraformOutput, type TerraformStack } from 'cdktf';
import { network } from '../compute/testing';
import { LoadBalancer, type LoadBalancerProps } from '../compute/load-balancer';
import { Naming } from '../naming/naming';
import { Bucket } from '../storage/bucket';
import { expectPassThrough, messageOf, naming, synth, type Block, type Synthesised } from '../testing';
import { Distribution, type DistributionProps, type LoadBalancerBehaviour } from './distribution';

const own = { domainName: 'stories.example.com', certificateArn: 'arn:aws:acm:us-east-1:1:certificate/c' };
const make = (stack: TerraformStack, props: Partial<DistributionProps> = {}) =>
  new Distribution(stack, 'edge', {
    naming,
    siteBucket: new Bucket(stack, 'bucket', { naming, part: 'static' }),
    ...props,
  });
const edge = (props: Partial<DistributionProps> = {}) => synth((stack) => void make(stack, props));

interface Behind {
  readonly balancer?: Partial<LoadBalancerProps>;
  readonly behaviour?: Partial<LoadBalancerBehaviour>;
}
const balancer = (stack: TerraformStack, props: Partial<LoadBalancerProps> = {}) =>
  new LoadBalancer(stack, 'alb', { naming, vpc: network(stack), scheme: 'internet-facing', ...props });
const add = (stack: TerraformStack, { balancer: props, behaviour }: Behind = {}) =>
  make(stack).addLoadBalancerBehaviour({
    pathPattern: '/agent/*',
    loadBalancer: balancer(stack, props),
    ...behaviour,
  });
const withAgent = (behind: Behind = {}) => synth((stack) => add(stack, behind));
const origins = (found: Synthesised): Block[] => found.only('aws_cloudfront_distribution')['origin'];

describe('edge.Distribution', () => {
  it('serves a bucket over TLS alone, with the index at its root', () => {
    expect(edge().only('aws_cloudfront_distribution')).toMatchObject({
      enabled: true,
      comment: 'shop-test-site',
      default_root_object: 'index.html',
      http_version: 'http2and3',
      is_ipv6_enabled: true,
      price_class: 'PriceClass_100',
      wait_for_deployment: false,
      viewer_certificate: { cloudfront_default_certificate: true },
      restrictions: { geo_restriction: { restriction_type: 'none' } },
      default_cache_behavior: {
        target_origin_id: 'site',
        viewer_protocol_policy: 'redirect-to-https',
        allowed_methods: ['GET', 'HEAD'],
        cache_policy_id: '658327ea-f89d-4fab-a63d-7e88639e58f6',
        response_headers_policy_id: expect.stringMatching(
          /^\$\{aws_cloudfront_response_headers_policy\.edge_\w+\.id\}$/,
        ),
      },
    });
    expect(edge().only('aws_cloudfront_distribution')['aliases']).toBeUndefined();
  });

  it('is the only reader of its bucket', () => {
    const found = edge();
    expect(found.only('aws_cloudfront_origin_access_control')).toMatchObject({
      name: 'shop-test-site',
      origin_access_control_origin_type: 's3',
      signing_behavior: 'always',
      signing_protocol: 'sigv4',
    });
    expect(origins(found)).toEqual([
      {
        origin_id: 'site',
        domain_name: expect.stringMatching(/^\$\{aws_s3_bucket\.bucket_\w+\.bucket_regional_domain_name\}$/),
        origin_access_control_id: expect.stringMatching(/^\$\{aws_cloudfront_origin_access_control\.edge_\w+\.id\}$/),
      },
    ]);
    const allowed = (JSON.parse(found.only('aws_s3_bucket_policy')['policy']).Statement as Block[]).filter(
      (statement) => statement['Effect'] === 'Allow',
    );
    expect(allowed).toEqual([
      {
        Sid: 'ReadByDistribution',
        Effect: 'Allow',
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Action: 's3:GetObject',
        Resource: expect.stringMatching(/^\$\{aws_s3_bucket\.bucket_\w+\.arn\}\/\*$/),
        Condition: {
          StringEquals: {
            'AWS:SourceArn': expect.stringMatching(/^\$\{aws_cloudfront_distribution\.edge_\w+\.arn\}$/),
          },
        },
      },
    ]);
  });

  it('answers with security headers, and the given content security policy', () => {
    const headers = (props: Partial<DistributionProps> = {}): Block =>
      edge(props).only('aws_cloudfront_response_headers_policy')['security_headers_config'];
    expect(headers()).toEqual({
      content_security_policy: {
        content_security_policy:
          "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
        override: true,
      },
      content_type_options: { override: true },
      frame_options: { frame_option: 'DENY', override: true },
      referrer_policy: { referrer_policy: 'strict-origin-when-cross-origin', override: true },
      strict_transport_security: {
        access_control_max_age_sec: 63_072_000,
        include_subdomains: true,
        preload: false,
        override: true,
      },
    });
    const contentSecurityPolicy = "default-src 'self'; img-src 'self' https://pictures.example.com";
    expect(headers({ contentSecurityPolicy })['content_security_policy']).toEqual({
      content_security_policy: contentSecurityPolicy,
      override: true,
    });
    expect(messageOf(() => headers({ contentSecurityPolicy: "default-src 'self';\nimg-src *" }))).toBe(
      [
        'edge.SecurityHeaders at test/edge/SecurityHeaders: 1 problem',
        '- contentSecurityPolicy is "default-src \'self\';\\nimg-src *"; allowed: one line of ASCII',
      ].join('\n'),
    );
  });

  it('answers to a name of ours with its certificate', () => {
    expect(edge(own).only('aws_cloudfront_distribution')).toMatchObject({
      aliases: ['stories.example.com'],
      viewer_certificate: {
        acm_certificate_arn: own.certificateArn,
        ssl_support_method: 'sni-only',
        minimum_protocol_version: 'TLSv1.2_2021',
      },
    });
  });

  it('gives out where it is found', () => {
    const outputs = (props: Partial<DistributionProps>): Record<string, string> => {
      const { json } = synth((stack) => {
        const { url, domainName, aliasTarget } = make(stack, props);
        const values = { url, domainName, alias: aliasTarget.dnsName, zone: aliasTarget.hostedZoneId };
        for (const [name, value] of Object.entries(values)) new TerraformOutput(stack, name, { value, staticId: true });
      });
      return Object.fromEntries(
        Object.entries(json['output'] as Record<string, Block>).map(([name, { value }]) => [
          name,
          value.replace(/aws_cloudfront_distribution\.edge_\w+/, 'it'),
        ]),
      );
    };
    const itself = { domainName: '${it.domain_name}', alias: '${it.domain_name}', zone: '${it.hosted_zone_id}' };
    expect(outputs({})).toEqual({ ...itself, url: 'https://${it.domain_name}' });
    expect(outputs(own)).toEqual({ ...itself, url: 'https://stories.example.com' });
  });

  it('reports every problem at once', () => {
    const given = {
      comment: 'x'.repeat(129),
      defaultRootObject: '/index.html',
      domainName: 'Stories',
      priceClass: 'PriceClass_1' as never,
    };
    expect(messageOf(() => edge(given))).toBe(
      [
        'edge.Distribution at test/edge: 5 problems',
        `- comment is "${'x'.repeat(129)}"; allowed: one line, up to 128 characters`,
        '- defaultRootObject is "/index.html"; allowed: a key of the bucket, without a slash before it',
        '- domainName is "Stories"; allowed: a lower-case name such as stories.example.com',
        '- domainName is Stories and certificateArn is not set; allowed: both or neither',
        '- priceClass is "PriceClass_1"; allowed: PriceClass_100, PriceClass_200, PriceClass_All',
      ].join('\n'),
    );
    expect(messageOf(() => edge({ certificateArn: 'c' }))).toContain(
      '- domainName is not set and certificateArn is c; allowed: both or neither',
    );
    expect(() => edge({ comment: 'x'.repeat(128) })).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<DistributionProps, 'siteBucket'>>(
      { naming, ...own },
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'web',
        comment: 'The site',
        defaultRootObject: 'start.html',
        domainName: 'other.example.com',
        certificateArn: 'arn:aws:acm:us-east-1:1:certificate/d',
        contentSecurityPolicy: "default-src 'none'",
        priceClass: 'PriceClass_All',
        waitForDeployment: true,
      },
      (stack, props) => void make(stack, props),
    );
  });
});

describe('a load balancer behind a path', () => {
  it('gets every method and all that the viewer sent, and nothing is kept', () => {
    const found = withAgent();
    expect(origins(found)[1]).toEqual({
      origin_id: 'alb:/agent/*',
      domain_name: expect.stringMatching(/^\$\{aws_lb\.alb_\w+\.dns_name\}$/),
      custom_origin_config: {
        http_port: 80,
        https_port: 443,
        origin_protocol_policy: 'http-only',
        origin_ssl_protocols: ['TLSv1.2'],
        origin_read_timeout: 60,
      },
    });
    expect(found.only('aws_cloudfront_distribution')['ordered_cache_behavior']).toEqual([
      {
        path_pattern: '/agent/*',
        target_origin_id: 'alb:/agent/*',
        viewer_protocol_policy: 'redirect-to-https',
        allowed_methods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
        cached_methods: ['GET', 'HEAD'],
        cache_policy_id: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        origin_request_policy_id: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        response_headers_policy_id: expect.stringContaining('aws_cloudfront_response_headers_policy.edge'),
        compress: false,
      },
    ]);
  });

  it('changes only the distribution of what was there before', () => {
    const before = edge().json['resource'] as Record<string, Record<string, Block>>;
    const after = withAgent().json['resource'] as typeof before;
    const changed = Object.entries(before).flatMap(([type, named]) =>
      Object.entries(named)
        .filter(([name, block]) => JSON.stringify(after[type]?.[name]) !== JSON.stringify(block))
        .map(() => type),
    );
    expect(changed).toEqual(['aws_cloudfront_distribution']);
    expect(JSON.stringify(before)).not.toContain('aws_lb');
    const [was] = edge().all('aws_cloudfront_distribution');
    const { origin, ordered_cache_behavior: _, ...rest } = withAgent().only('aws_cloudfront_distribution');
    expect({ ...rest, origin: [origin[0]] }).toEqual(was);
  });

  it('is asked over TLS, by the name of its certificate, when it has one', () => {
    const found = withAgent({
      balancer: { certificateArn: 'c' },
      behaviour: { originDomainName: 'origin.stories.example.com', readTimeoutSeconds: 120 },
    });
    expect(origins(found)[1]).toMatchObject({
      domain_name: 'origin.stories.example.com',
      custom_origin_config: { https_port: 443, origin_protocol_policy: 'https-only', origin_read_timeout: 120 },
    });
  });

  it('is asked on the port that it has', () => {
    expect(origins(withAgent({ balancer: { port: 8080 } }))[1]!['custom_origin_config'].http_port).toBe(8080);
  });

  it('keeps the order of the paths', () => {
    const found = synth((stack) => {
      const distribution = make(stack);
      const loadBalancer = balancer(stack);
      for (const pathPattern of ['/agent/admin/*', '/agent/*'])
        distribution.addLoadBalancerBehaviour({ pathPattern, loadBalancer });
    });
    const behaviours: Block[] = found.only('aws_cloudfront_distribution')['ordered_cache_behavior'];
    expect(behaviours.map((behaviour) => behaviour['path_pattern'])).toEqual(['/agent/admin/*', '/agent/*']);
    expect(origins(found).map((origin) => origin['origin_id'])).toEqual(['site', 'alb:/agent/admin/*', 'alb:/agent/*']);
  });

  it('reports every problem at once', () => {
    const refused = (behind: Behind) => messageOf(() => withAgent(behind)).split('\n');
    expect(
      refused({
        balancer: { scheme: 'internal', certificateArn: 'c' },
        behaviour: { pathPattern: 'agent', readTimeoutSeconds: 121 },
      }),
    ).toEqual([
      'edge.Distribution at test/edge: 4 problems',
      '- pathPattern is "agent"; allowed: a path such as /agent/*',
      '- loadBalancer is internal; allowed: internet-facing, as CloudFront comes from the Internet',
      '- originDomainName is not set; needed with a certificate: the name that it is for',
      '- readTimeoutSeconds is 121; allowed: a whole number from 1 to 120 seconds',
    ]);
    expect(refused({ behaviour: { originDomainName: 'a b' } })).toEqual([
      'edge.Distribution at test/edge: 1 problem',
      '- originDomainName is "a b"; allowed: a lower-case name such as stories.example.com',
    ]);
    synth((stack) => {
      const distribution = make(stack);
      const behaviour = { pathPattern: '/agent/*', loadBalancer: balancer(stack) };
      distribution.addLoadBalancerBehaviour(behaviour);
      expect(() => distribution.addLoadBalancerBehaviour(behaviour)).toThrow(
        'pathPattern is "/agent/*", which there is already; allowed: each path once',
      );
    });
  });
});
