/**
 * A CloudFront distribution in front of a private bucket, which it alone may read. A load balancer can be added behind a
 * path later, when there is one: the distribution itself does not wait for it.
 */
import {
  CloudfrontDistribution,
  type CloudfrontDistributionOrderedCacheBehavior,
  type CloudfrontDistributionOrigin,
} from '@cdktf/provider-aws/lib/cloudfront-distribution';
import { CloudfrontOriginAccessControl } from '@cdktf/provider-aws/lib/cloudfront-origin-access-control';
import { Construct } from 'constructs';
import { check, inRange, matches, oneOf, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { LoadBalancer } from '../compute/load-balancer';
import type { Naming } from '../naming/naming';
import type { Bucket } from '../storage/bucket';
import { domainNameRule, type AliasTarget } from './domain-name';
import { SecurityHeaders } from './security-headers';

export const priceClasses = ['PriceClass_100', 'PriceClass_200', 'PriceClass_All'] as const;

export interface DistributionProps {
  readonly naming: Naming;
  /** Holds the site; the distribution lets itself in. */
  readonly siteBucket: Bucket;
  /** Last part of the names. @default 'site' */
  readonly part?: string;
  /** Shown in lists of distributions; up to 128 characters. @default - the name */
  readonly comment?: string;
  /** What `/` answers. @default 'index.html' */
  readonly defaultRootObject?: string;
  /** A name of ours; an alias record makes it answer. Needs a certificate. @default - CloudFront's own name alone */
  readonly domainName?: string;
  /** An issued certificate for the name, in us-east-1. @default - CloudFront's own */
  readonly certificateArn?: string;
  /** What a page may load. @default - from this site alone, and no page may frame it */
  readonly contentSecurityPolicy?: string;
  /** Where it answers from; more places cost more by the GB. @default 'PriceClass_100' */
  readonly priceClass?: (typeof priceClasses)[number];
  /** Whether apply waits, some minutes, until every place has the change. @default false */
  readonly waitForDeployment?: boolean;
}

export interface LoadBalancerBehaviour {
  /** Paths that go to the load balancer, unchanged, such as `/agent/*`. */
  readonly pathPattern: string;
  /** Must face the Internet. */
  readonly loadBalancer: LoadBalancer;
  /**
   * A name of ours for the load balancer, which its certificate is for. Needed when it has one: CloudFront checks it.
   * @default - the name that AWS gave it, over plain HTTP
   */
  readonly originDomainName?: string;
  /** Seconds without a byte from the service after which CloudFront gives up; up to 120. @default 60 */
  readonly readTimeoutSeconds?: number;
}

/** Managed by AWS; the same ids in every account. */
const policies = {
  cachingOptimized: '658327ea-f89d-4fab-a63d-7e88639e58f6',
  cachingDisabled: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
  /** Authorization, cookies and query too. Not Host: the load balancer is asked by its own name. */
  allViewerExceptHostHeader: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
} as const;

const SITE_ORIGIN = 'site';
const allMethods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'];
const ownOriginOnly =
  "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

export class Distribution extends Construct {
  readonly resource: CloudfrontDistribution;
  readonly #securityHeaders: SecurityHeaders;
  readonly #ownName: string | undefined;
  readonly #origins: CloudfrontDistributionOrigin[] = [];
  readonly #behaviours: CloudfrontDistributionOrderedCacheBehavior[] = [];

  constructor(scope: Construct, id: string, props: DistributionProps) {
    super(scope, id);
    const { naming, siteBucket, part = 'site', defaultRootObject = 'index.html', domainName, certificateArn } = props;
    const { comment = naming.name('tag', part), priceClass = 'PriceClass_100' } = props;
    check(this, 'edge.Distribution', [
      matches('comment', comment, /^.{0,128}$/, 'one line, up to 128 characters'),
      matches('defaultRootObject', defaultRootObject, /^[^/\s]\S*$/, 'a key of the bucket, without a slash before it'),
      domainNameRule('domainName', domainName),
      unless(
        (domainName === undefined) !== (certificateArn === undefined),
        `domainName is ${domainName ?? 'not set'} and certificateArn is ${certificateArn ?? 'not set'}; allowed: both or neither`,
      ),
      oneOf('priceClass', priceClass, priceClasses),
    ]);
    this.#ownName = domainName;
    const accessControl = new CloudfrontOriginAccessControl(this, 'AccessControl', {
      name: naming.name('aws_cloudfront_origin_access_control', part),
      description: 'Signs what the distribution asks the bucket for',
      originAccessControlOriginType: 's3',
      signingBehavior: 'always',
      signingProtocol: 'sigv4',
    });
    this.#securityHeaders = new SecurityHeaders(this, 'SecurityHeaders', {
      naming,
      part,
      contentSecurityPolicy: props.contentSecurityPolicy ?? ownOriginOnly,
    });
    this.#origins.push({
      originId: SITE_ORIGIN,
      domainName: siteBucket.regionalDomainName,
      originAccessControlId: accessControl.id,
    });
    this.resource = new CloudfrontDistribution(this, 'Resource', {
      enabled: true,
      comment,
      aliases: domainName === undefined ? undefined : [domainName],
      defaultRootObject,
      httpVersion: 'http2and3',
      isIpv6Enabled: true,
      priceClass,
      origin: this.#origins,
      defaultCacheBehavior: {
        targetOriginId: SITE_ORIGIN,
        viewerProtocolPolicy: 'redirect-to-https',
        allowedMethods: ['GET', 'HEAD'],
        cachedMethods: ['GET', 'HEAD'],
        cachePolicyId: policies.cachingOptimized,
        responseHeadersPolicyId: this.#securityHeaders.resource.id,
        compress: true,
      },
      restrictions: { geoRestriction: { restrictionType: 'none' } },
      viewerCertificate:
        certificateArn === undefined
          ? { cloudfrontDefaultCertificate: true }
          : { acmCertificateArn: certificateArn, sslSupportMethod: 'sni-only', minimumProtocolVersion: 'TLSv1.2_2021' },
      waitForDeployment: props.waitForDeployment ?? false,
    });
    siteBucket.addToResourcePolicy({
      Sid: 'ReadByDistribution',
      Effect: 'Allow',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Action: 's3:GetObject',
      Resource: `${siteBucket.arn}/*`,
      Condition: { StringEquals: { 'AWS:SourceArn': this.resource.arn } },
    });
    this.#acceptFindings();
  }

  /** The name that CloudFront gave it. */
  get domainName(): string {
    return this.resource.domainName;
  }

  /** Where a browser finds the site, without a slash at its end: by its own name if it has one. */
  get url(): string {
    return `https://${this.#ownName ?? this.resource.domainName}`;
  }

  /** What an alias record of Route 53 points at. */
  get aliasTarget(): AliasTarget {
    return { dnsName: this.resource.domainName, hostedZoneId: this.resource.hostedZoneId };
  }

  /** Sends a path to a load balancer: every method, nothing kept, all that the viewer sent. The first match counts. */
  addLoadBalancerBehaviour(behaviour: LoadBalancerBehaviour): void {
    const { pathPattern, loadBalancer, originDomainName, readTimeoutSeconds = 60 } = behaviour;
    check(this, 'edge.Distribution', [
      matches('pathPattern', pathPattern, /^\/[A-Za-z0-9_.*$/~"'@:+&?-]{0,254}$/, 'a path such as /agent/*'),
      unless(
        this.#behaviours.some((other) => other.pathPattern === pathPattern),
        `pathPattern is "${pathPattern}", which there is already; allowed: each path once`,
      ),
      unless(
        loadBalancer.scheme !== 'internet-facing',
        `loadBalancer is ${loadBalancer.scheme}; allowed: internet-facing, as CloudFront comes from the Internet`,
      ),
      domainNameRule('originDomainName', originDomainName),
      unless(
        loadBalancer.usesTls && originDomainName === undefined,
        'originDomainName is not set; needed with a certificate: the name that it is for',
      ),
      inRange('readTimeoutSeconds', readTimeoutSeconds, 1, 120, 'seconds'),
    ]);
    const originId = `${loadBalancer.node.id}:${pathPattern}`;
    this.#origins.push({
      originId,
      domainName: originDomainName ?? loadBalancer.dnsName,
      customOriginConfig: {
        httpPort: loadBalancer.usesTls ? 80 : loadBalancer.port,
        httpsPort: 443,
        originProtocolPolicy: loadBalancer.usesTls ? 'https-only' : 'http-only',
        originSslProtocols: ['TLSv1.2'],
        originReadTimeout: readTimeoutSeconds,
      },
    });
    this.#behaviours.push({
      pathPattern,
      targetOriginId: originId,
      viewerProtocolPolicy: 'redirect-to-https',
      allowedMethods: allMethods,
      cachedMethods: ['GET', 'HEAD'],
      cachePolicyId: policies.cachingDisabled,
      originRequestPolicyId: policies.allViewerExceptHostHeader,
      responseHeadersPolicyId: this.#securityHeaders.resource.id,
      // A stream of events must pass as it comes.
      compress: false,
    });
    this.resource.putOrigin(this.#origins);
    this.resource.putOrderedCacheBehavior(this.#behaviours);
  }

  #acceptFindings(): void {
    if (this.#ownName === undefined) {
      skipChecks(this.resource, ['CKV_AWS_174', 'CKV2_AWS_42'], {
        reason:
          "a certificate needs a domain name, which is a value of the environment; CloudFront's own allows no choice of TLS versions",
        owner: 'platform',
      });
    }
    skipChecks(this.resource, ['CKV_AWS_86'], {
      reason:
        'public files of a page; what the agent is asked is in its own log, and a log of CloudFront needs a bucket with access lists',
      owner: 'platform',
    });
    skipChecks(this.resource, ['CKV_AWS_68', 'CKV2_AWS_47'], {
      reason:
        'a web ACL is billed by the month and by request; the files are public, and every service behind a path checks tokens itself',
      owner: 'platform',
    });
    skipChecks(this.resource, ['CKV_AWS_374', 'CKV_AWS_310'], {
      reason: 'authors may be anywhere; and there is one bucket in one region, so nothing to fail over to',
      owner: 'platform',
    });
  }
}
