/** A certificate of ACM for one name, which proves the name to itself by a record in its Route 53 zone. */
import { AcmCertificate } from '@cdktf/provider-aws/lib/acm-certificate';
import { AcmCertificateValidation } from '@cdktf/provider-aws/lib/acm-certificate-validation';
import { Route53Record } from '@cdktf/provider-aws/lib/route53-record';
import { Construct } from 'constructs';
import { check, matches } from '../checks/checks';
import { domainNameRule, hostedZoneRule } from './domain-name';

/** The region whose certificates CloudFront takes, wherever everything else is. */
export const CLOUDFRONT_REGION = 'us-east-1';

export interface CertificateProps {
  readonly domainName: string;
  /** The public zone that the name is in. */
  readonly hostedZoneId: string;
  /** Where the certificate is used: `CLOUDFRONT_REGION` for a distribution. @default - the stack's region */
  readonly region?: string;
}

export class Certificate extends Construct {
  readonly resource: AcmCertificate;
  readonly #validation: AcmCertificateValidation;

  constructor(scope: Construct, id: string, { domainName, hostedZoneId, region }: CertificateProps) {
    super(scope, id);
    check(this, 'edge.Certificate', [
      domainNameRule('domainName', domainName),
      hostedZoneRule('hostedZoneId', hostedZoneId),
      matches('region', region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as us-east-1'),
    ]);
    this.resource = new AcmCertificate(this, 'Resource', {
      region,
      domainName,
      validationMethod: 'DNS',
      // A certificate that something uses cannot be deleted: its successor comes first.
      lifecycle: { createBeforeDestroy: true },
    });
    const proof = this.resource.domainValidationOptions.get(0);
    const record = new Route53Record(this, 'Proof', {
      zoneId: hostedZoneId,
      name: proof.resourceRecordName,
      type: proof.resourceRecordType,
      records: [proof.resourceRecordValue],
      ttl: 300,
      // Every certificate of one name in one account has the same proof, so a successor finds it there already.
      allowOverwrite: true,
    });
    this.#validation = new AcmCertificateValidation(this, 'Validation', {
      region,
      certificateArn: this.resource.arn,
      validationRecordFqdns: [record.fqdn],
    });
  }

  /** Known once the certificate is issued, so that whoever uses it waits for that. */
  get arn(): string {
    return this.#validation.certificateArn;
  }
}
