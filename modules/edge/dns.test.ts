import { TerraformOutput } from 'cdktf';
import { expectPassThrough, messageOf, synth } from '../testing';
import { AliasRecord, type AliasRecordProps } from './alias-record';
import { Certificate, CLOUDFRONT_REGION, type CertificateProps } from './certificate';
import { domainNameRule } from './domain-name';

const place = { domainName: 'stories.example.com', hostedZoneId: 'Z0123456789ABCDEFGHIJ' };

describe('edge.Certificate', () => {
  const certificate = (props: Partial<CertificateProps> = {}) =>
    synth((stack) => {
      const made = new Certificate(stack, 'certificate', { ...place, ...props });
      new TerraformOutput(stack, 'arn', { value: made.arn, staticId: true });
    });

  it('proves its name by a record, and has its successor first', () => {
    const found = certificate();
    expect(found.only('aws_acm_certificate')).toMatchObject({
      domain_name: 'stories.example.com',
      validation_method: 'DNS',
      lifecycle: { create_before_destroy: true },
    });
    const proof = (attribute: string) =>
      expect.stringMatching(
        new RegExp(
          `^\\$\\{tolist\\(aws_acm_certificate\\.certificate_\\w+\\.domain_validation_options\\)\\.0\\.${attribute}\\}$`,
        ),
      );
    expect(found.only('aws_route53_record')).toMatchObject({
      zone_id: 'Z0123456789ABCDEFGHIJ',
      name: proof('resource_record_name'),
      type: proof('resource_record_type'),
      records: [proof('resource_record_value')],
      ttl: 300,
      allow_overwrite: true,
    });
  });

  it('has an ARN only once it is issued', () => {
    const found = certificate();
    expect(found.only('aws_acm_certificate_validation')).toMatchObject({
      certificate_arn: expect.stringMatching(/^\$\{aws_acm_certificate\.certificate_\w+\.arn\}$/),
      validation_record_fqdns: [expect.stringMatching(/^\$\{aws_route53_record\.certificate_Proof_\w+\.fqdn\}$/)],
    });
    expect(found.json['output'].arn.value).toMatch(
      /^\$\{aws_acm_certificate_validation\.certificate_Validation_\w+\.certificate_arn\}$/,
    );
  });

  it('is made and validated in the region where it is used', () => {
    const regions = (props: Partial<CertificateProps>) => {
      const found = certificate(props);
      return ['aws_acm_certificate', 'aws_acm_certificate_validation'].map((type) => found.only(type)['region']);
    };
    expect(regions({})).toEqual([undefined, undefined]);
    expect(regions({ region: CLOUDFRONT_REGION })).toEqual(['us-east-1', 'us-east-1']);
  });

  it('reports every problem at once', () => {
    expect(messageOf(() => certificate({ domainName: '*', hostedZoneId: 'example.com', region: 'Oregon' }))).toBe(
      [
        'edge.Certificate at test/certificate: 3 problems',
        '- domainName is "*"; allowed: a lower-case name such as stories.example.com',
        '- hostedZoneId is "example.com"; allowed: the id of a Route 53 zone, such as Z0123456789ABCDEFGHIJ',
        '- region is "Oregon"; allowed: a region such as us-east-1',
      ].join('\n'),
    );
  });

  it('passes every prop on', () => {
    expectPassThrough<CertificateProps>(
      place,
      { domainName: 'other.example.com', hostedZoneId: 'Z1', region: 'us-west-2' },
      (stack, props) => new Certificate(stack, 'certificate', props),
    );
  });
});

describe('edge.AliasRecord', () => {
  const base: AliasRecordProps = { ...place, target: { dnsName: 'd1.cloudfront.net', hostedZoneId: 'Z2FDTNDATAQYW2' } };
  const records = (props: Partial<AliasRecordProps> = {}) =>
    synth((stack) => new AliasRecord(stack, 'alias', { ...base, ...props })).all('aws_route53_record');

  it('answers with the addresses of its target, of both kinds', () => {
    const record = {
      zone_id: 'Z0123456789ABCDEFGHIJ',
      name: 'stories.example.com',
      alias: { name: 'd1.cloudfront.net', zone_id: 'Z2FDTNDATAQYW2', evaluate_target_health: false },
    };
    expect(records()).toEqual([
      expect.objectContaining({ ...record, type: 'A' }),
      expect.objectContaining({ ...record, type: 'AAAA' }),
    ]);
    expect(records({ ipv6: false }).map(({ type }) => type)).toEqual(['A']);
  });

  it('reports every problem at once', () => {
    expect(messageOf(() => records({ domainName: 'stories', hostedZoneId: 'z1' }))).toBe(
      [
        'edge.AliasRecord at test/alias: 2 problems',
        '- hostedZoneId is "z1"; allowed: the id of a Route 53 zone, such as Z0123456789ABCDEFGHIJ',
        '- domainName is "stories"; allowed: a lower-case name such as stories.example.com',
      ].join('\n'),
    );
  });

  it('passes every prop on', () => {
    expectPassThrough<AliasRecordProps>(
      base,
      {
        domainName: 'other.example.com',
        hostedZoneId: 'Z1',
        target: { dnsName: 'd2.cloudfront.net', hostedZoneId: 'Z2FDTNDATAQYW2' },
        ipv6: false,
      },
      (stack, props) => new AliasRecord(stack, 'alias', props),
    );
  });
});

describe('domainNameRule', () => {
  it.each(['a.io', 'xn--bcher-kva.example', 'a-b.c-d.example.com', `${'a'.repeat(63)}.com`, 'a.xn--p1ai'])(
    'takes %s',
    (name) => expect(domainNameRule('name', name)).toBeUndefined(),
  );

  it.each([
    'com',
    'A.com',
    '-a.com',
    'a-.com',
    'a..com',
    'a.com.',
    'a.c',
    'a_b.com',
    'https://a.com',
    `${'a'.repeat(64)}.com`,
  ])('refuses %s', (name) => expect(domainNameRule('name', name)).toContain('allowed: a lower-case name'));

  it('takes 253 characters and no more', () => {
    const start = `${'a'.repeat(49)}.`.repeat(5);
    expect(domainNameRule('name', `${start}com`)).toBeUndefined();
    expect(domainNameRule('name', `${start}comm`)).toContain('allowed');
  });
});
