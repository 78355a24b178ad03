/** What keeps Terraform states: a versioned, encrypted, private bucket, and a lock table where one is asked for. */
import { DynamodbTable } from '@cdktf/provider-aws/lib/dynamodb-table';
import type { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket';
import { Construct } from 'constructs';
import { check, matches } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import { privateBucket } from '../storage/private-bucket';

export interface StateStorageProps {
  /** Name of the bucket; bucket names are global. */
  readonly bucketName: string;
  /** @default - no table: states are locked by files beside them */
  readonly lockTableName?: string;
  /** Refuses deletion, in Terraform. @default true */
  readonly deletionProtection?: boolean;
}

export class StateStorage extends Construct {
  readonly bucket: S3Bucket;
  readonly lockTable: DynamodbTable | undefined;

  constructor(scope: Construct, id: string, props: StateStorageProps) {
    super(scope, id);
    const { bucketName, lockTableName, deletionProtection = true } = props;
    check(this, 'state.StateStorage', [
      matches(
        'bucketName',
        bucketName,
        /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
        '3 to 63 lower-case letters, digits and hyphens',
      ),
      matches('lockTableName', lockTableName, /^[A-Za-z0-9_.-]{3,255}$/, '3 to 255 of A-Z a-z 0-9 _ . -'),
    ]);
    this.bucket = privateBucket(this, {
      name: bucketName,
      versioned: true,
      forceDestroy: !deletionProtection,
      deletionProtection,
    }).resource;
    skipChecks(this.bucket, ['CKV_AWS_145'], {
      reason:
        "states are encrypted with S3's own key (AES256); they hold no secret, and a lost key would lose every state",
      owner: 'platform',
    });
    skipChecks(this.bucket, ['CKV_AWS_18', 'CKV2_AWS_62', 'CKV_AWS_144', 'CKV2_AWS_61'], {
      reason:
        'a few small objects: CloudTrail has who read them, and every version is kept because versions are the way back',
      owner: 'platform',
    });
    this.lockTable = lockTableName === undefined ? undefined : this.#lockTable(lockTableName, deletionProtection);
  }

  #lockTable(name: string, deletionProtection: boolean): DynamodbTable {
    const table = new DynamodbTable(this, 'LockTable', {
      name,
      billingMode: 'PAY_PER_REQUEST',
      hashKey: 'LockID',
      attribute: [{ name: 'LockID', type: 'S' }],
      deletionProtectionEnabled: deletionProtection,
      lifecycle: deletionProtection ? { preventDestroy: true } : undefined,
    });
    skipChecks(table, ['CKV_AWS_28', 'CKV_AWS_119'], {
      reason: 'holds locks and checksums only; lost ones are made again by the next run',
      owner: 'platform',
    });
    return table;
  }
}
