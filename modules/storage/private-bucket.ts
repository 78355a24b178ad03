/**
 * What every bucket of ours is: encrypted, closed to the public and reached over TLS only. A function and not a construct,
 * so that the constructs that are buckets (Bucket, StateStorage) keep these resources as their own children.
 */
import { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket';
import { S3BucketPolicy } from '@cdktf/provider-aws/lib/s3-bucket-policy';
import { S3BucketPublicAccessBlock } from '@cdktf/provider-aws/lib/s3-bucket-public-access-block';
import { S3BucketServerSideEncryptionConfigurationA } from '@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration';
import { S3BucketVersioningA } from '@cdktf/provider-aws/lib/s3-bucket-versioning';
import { Lazy } from 'cdktf';
import type { Construct } from 'constructs';

export interface PrivateBucketProps {
  readonly name: string;
  readonly versioned: boolean;
  readonly forceDestroy: boolean;
  readonly deletionProtection: boolean;
}

/** A statement of a bucket's own policy, in IAM's words. */
export type BucketPolicyStatement = Readonly<Record<string, unknown>>;

export interface PrivateBucket {
  readonly resource: S3Bucket;
  readonly policy: S3BucketPolicy;
  /** Undefined where versions are not kept. */
  readonly versioning: S3BucketVersioningA | undefined;
  /** Joins the bucket's one policy; whoever must read through another service is let in here. */
  addToResourcePolicy(statement: BucketPolicyStatement): void;
}

/** Makes the bucket's resources directly below `scope`. */
export function privateBucket(scope: Construct, props: PrivateBucketProps): PrivateBucket {
  const resource = new S3Bucket(scope, 'Resource', {
    bucket: props.name,
    forceDestroy: props.forceDestroy,
    lifecycle: props.deletionProtection ? { preventDestroy: true } : undefined,
  });
  const versioning = props.versioned
    ? new S3BucketVersioningA(scope, 'Versioning', {
        bucket: resource.id,
        versioningConfiguration: { status: 'Enabled' },
      })
    : undefined;
  new S3BucketServerSideEncryptionConfigurationA(scope, 'Encryption', {
    bucket: resource.id,
    rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
  });
  const block = new S3BucketPublicAccessBlock(scope, 'PublicAccess', {
    bucket: resource.id,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  const statements: BucketPolicyStatement[] = [
    {
      Sid: 'OnlyOverTls',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [resource.arn, `${resource.arn}/*`],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  ];
  const policy = new S3BucketPolicy(scope, 'Policy', {
    bucket: resource.id,
    policy: Lazy.stringValue({ produce: () => JSON.stringify({ Version: '2012-10-17', Statement: statements }) }),
    // S3 refuses two changes of a bucket's access at once.
    dependsOn: [block],
  });
  return { resource, policy, versioning, addToResourcePolicy: (statement) => void statements.push(statement) };
}
