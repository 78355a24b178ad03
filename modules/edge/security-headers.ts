/** Headers that CloudFront adds to every answer, whatever the origin says: what a browser may do with a page of ours. */
import { CloudfrontResponseHeadersPolicy } from '@cdktf/provider-aws/lib/cloudfront-response-headers-policy';
import { Construct } from 'constructs';
import { check, matches } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Naming } from '../naming/naming';

export interface SecurityHeadersProps {
  readonly naming: Naming;
  /** Last part of the name. */
  readonly part: string;
  /** What a page may load, and from where. */
  readonly contentSecurityPolicy: string;
}

const TWO_YEARS_SECONDS = 63_072_000;

export class SecurityHeaders extends Construct {
  readonly resource: CloudfrontResponseHeadersPolicy;

  constructor(scope: Construct, id: string, { naming, part, contentSecurityPolicy }: SecurityHeadersProps) {
    super(scope, id);
    check(this, 'edge.SecurityHeaders', [
      matches('contentSecurityPolicy', contentSecurityPolicy, /^[\x20-\x7e]+$/, 'one line of ASCII'),
    ]);
    const override = true;
    this.resource = new CloudfrontResponseHeadersPolicy(this, 'Resource', {
      name: naming.name('aws_cloudfront_response_headers_policy', part),
      comment: 'Security headers of the site',
      securityHeadersConfig: {
        contentSecurityPolicy: { contentSecurityPolicy, override },
        contentTypeOptions: { override },
        frameOptions: { frameOption: 'DENY', override },
        referrerPolicy: { referrerPolicy: 'strict-origin-when-cross-origin', override },
        strictTransportSecurity: {
          accessControlMaxAgeSec: TWO_YEARS_SECONDS,
          includeSubdomains: true,
          preload: false,
          override,
        },
      },
    });
    skipChecks(this.resource, ['CKV_AWS_259'], {
      reason:
        'all of strict transport security but preload: that is a promise to the browser makers about a whole domain, for its owner to make',
      owner: 'platform',
    });
  }
}
