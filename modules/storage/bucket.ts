/**
 * A private S3 bucket for a system's objects: encrypted with S3's own keys, over TLS only, with an end for what may expire
 * and for uploads that were never finished. It grants access to itself, by prefix; nobody else writes its ARN into a policy.
 */
import type { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket';
import { S3BucketCorsConfiguration } from '@cdktf/provider-aws/lib/s3-bucket-cors-configuration';
import { S3BucketLifecycleConfiguration } from '@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration';
import { Construct } from 'constructs';
import { check, inRange, matches, oneOf, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Grantee } from '../iam/policy';
import type { Naming } from '../naming/naming';
import { privateBucket, type BucketPolicyStatement, type PrivateBucket } from './private-bucket';

export interface Expiration {
  /** Keys that begin with this, such as `images/`. */
  readonly prefix: string;
  /** Days after which an object goes, earlier versions with it; S3 runs the rule once a day. 0 keeps the objects. */
  readonly days: number;
}

export interface BucketCors {
  /** Such as `https://stories.example.com`, or `*`. */
  readonly allowOrigins: readonly string[];
  /** @default ['GET'] */
  readonly allowMethods?: readonly ('GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD')[];
  /** @default ['*'] - whatever a browser sends */
  readonly allowHeaders?: readonly string[];
  /** How long a browser keeps the answer to its preflight. @default 3600 */
  readonly maxAgeSeconds?: number;
}

export interface BucketProps {
  readonly naming: Naming;
  /** Last part of the name. Bucket names are global: another account may have taken it. */
  readonly part: string;
  /** @default - objects stay */
  readonly expirations?: readonly Expiration[];
  /** @default - browsers of other origins may not read */
  readonly cors?: BucketCors;
  /** Keeps what is overwritten or deleted, billed as objects. @default false */
  readonly versioned?: boolean;
  /** Whether destroy takes the bucket with its objects. @default false */
  readonly forceDestroy?: boolean;
  /** Refuses deletion in Terraform. @default false */
  readonly deletionProtection?: boolean;
}

/** Uploads in parts that were begun and left; they are billed and never listed. */
const ABANDONED_UPLOAD_DAYS = 7;

export class Bucket extends Construct {
  readonly resource: S3Bucket;
  readonly #bucket: PrivateBucket;

  constructor(scope: Construct, id: string, props: BucketProps) {
    super(scope, id);
    const { expirations = [], cors, versioned = false, forceDestroy = false, deletionProtection = false } = props;
    const prefixes = expirations.map(({ prefix }) => prefix);
    check(this, 'storage.Bucket', [
      ...expirations.map(({ days }) => inRange('expirations.days', days, 0, 36_500, 'days')),
      ...prefixes.map((prefix) => matches('expirations.prefix', prefix, /^[^/].*\/$/, 'a folder such as images/')),
      unless(
        new Set(prefixes).size !== prefixes.length,
        `expirations.prefix is ${prefixes.join(', ')}; allowed: each prefix once`,
      ),
      unless(cors?.allowOrigins.length === 0, 'cors.allowOrigins is empty; allowed: one origin or more'),
      ...(cors?.allowOrigins ?? []).map((origin) =>
        matches('cors.allowOrigins', origin, /^(\*|https?:\/\/[^/]+)$/, 'an origin such as https://example.com, or *'),
      ),
      ...(cors?.allowMethods ?? []).map((method) =>
        oneOf<string>('cors.allowMethods', method, ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']),
      ),
      inRange('cors.maxAgeSeconds', cors?.maxAgeSeconds, 0, 86_400, 'seconds'),
      unless(
        forceDestroy && deletionProtection,
        'forceDestroy and deletionProtection are both true; allowed: one of them',
      ),
    ]);
    this.#bucket = privateBucket(this, {
      name: props.naming.name('aws_s3_bucket', props.part),
      versioned,
      forceDestroy,
      deletionProtection,
    });
    this.resource = this.#bucket.resource;
    this.#expire(expirations.filter(({ days }) => days > 0));
    if (cors !== undefined) this.#allowBrowsers(cors);
    this.#acceptFindings(versioned);
  }

  get name(): string {
    return this.resource.bucket;
  }

  get arn(): string {
    return this.resource.arn;
  }

  /** Host name at which CloudFront and others in AWS reach the bucket. */
  get regionalDomainName(): string {
    return this.resource.bucketRegionalDomainName;
  }

  /** For a reader that is a service and not a role, such as a CloudFront distribution. */
  addToResourcePolicy(statement: BucketPolicyStatement): void {
    this.#bucket.addToResourcePolicy(statement);
  }

  /** Get objects below these prefixes. @default all objects */
  grantRead(grantee: Grantee, ...prefixes: readonly string[]): void {
    this.#grant(grantee, 'Read', ['s3:GetObject'], prefixes);
  }

  /** Put objects below these prefixes. @default all objects */
  grantWrite(grantee: Grantee, ...prefixes: readonly string[]): void {
    this.#grant(grantee, 'Write', ['s3:PutObject'], prefixes);
  }

  /** Delete objects below these prefixes. @default all objects */
  grantDelete(grantee: Grantee, ...prefixes: readonly string[]): void {
    this.#grant(grantee, 'Delete', ['s3:DeleteObject'], prefixes);
  }

  /** List keys below these prefixes; who may list also learns that a key is missing, and not only forbidden. @default all keys */
  grantList(grantee: Grantee, ...prefixes: readonly string[]): void {
    grantee.addToPolicy({
      sid: this.#sid('List', prefixes),
      actions: ['s3:ListBucket'],
      resources: [this.arn],
      ...(prefixes.length === 0
        ? {}
        : { conditions: { StringLike: { 's3:prefix': prefixes.map((prefix) => `${prefix}*`) } } }),
    });
  }

  #grant(grantee: Grantee, verb: string, actions: readonly string[], prefixes: readonly string[]): void {
    const keys = prefixes.length === 0 ? ['*'] : prefixes.map((prefix) => `${prefix}*`);
    grantee.addToPolicy({
      sid: this.#sid(verb, prefixes),
      actions,
      resources: keys.map((key) => `${this.arn}/${key}`),
    });
  }

  /** Statements of one policy need different names: a role may read here and write there. */
  #sid(verb: string, prefixes: readonly string[]): string {
    return [verb, this.node.id, ...prefixes]
      .flatMap((part) => part.split(/[^A-Za-z0-9]+/))
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join('');
  }

  #expire(expirations: readonly Expiration[]): void {
    new S3BucketLifecycleConfiguration(this, 'Lifecycle', {
      bucket: this.resource.id,
      rule: [
        {
          id: 'abandoned-uploads',
          status: 'Enabled',
          // Empty, not left out: a rule without a filter is another, older form that does not read back as written.
          filter: [{ prefix: '' }],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: ABANDONED_UPLOAD_DAYS }],
        },
        ...expirations.map(({ prefix, days }) => ({
          id: `expire-${prefix.replace(/[^A-Za-z0-9]+/g, '-').replace(/-$/, '')}`,
          status: 'Enabled',
          filter: [{ prefix }],
          expiration: [{ days }],
          ...(this.#bucket.versioning === undefined ? {} : { noncurrentVersionExpiration: [{ noncurrentDays: days }] }),
        })),
      ],
      // Rules on versions can only be put once versions are kept.
      dependsOn: this.#bucket.versioning === undefined ? undefined : [this.#bucket.versioning],
    });
  }

  #allowBrowsers({
    allowOrigins,
    allowMethods = ['GET'],
    allowHeaders = ['*'],
    maxAgeSeconds = 3600,
  }: BucketCors): void {
    new S3BucketCorsConfiguration(this, 'Cors', {
      bucket: this.resource.id,
      corsRule: [
        {
          allowedOrigins: [...allowOrigins],
          allowedMethods: [...allowMethods],
          allowedHeaders: [...allowHeaders],
          maxAgeSeconds,
        },
      ],
    });
  }

  #acceptFindings(versioned: boolean): void {
    skipChecks(this.resource, ['CKV_AWS_145'], {
      reason:
        "objects are encrypted with S3's own key (AES256); a key of ours costs a call for each object and can be lost",
      owner: 'platform',
    });
    skipChecks(this.resource, ['CKV_AWS_18', 'CKV2_AWS_62', 'CKV_AWS_144'], {
      reason:
        'CloudTrail has who read what, nothing waits for events of the bucket, and its objects can be made again in one region',
      owner: 'platform',
    });
    if (!versioned) {
      skipChecks(this.resource, ['CKV_AWS_21'], {
        reason:
          'a key is written once and its content made again from the source; earlier versions would only be billed',
        owner: 'platform',
      });
    }
  }
}
