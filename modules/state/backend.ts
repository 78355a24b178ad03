/** Where a stack keeps its state: a back end of Terraform's, as plain values. */

export interface StateBackendPlan {
  readonly bucket: string;
  readonly region: string;
  /** Object key of the state. */
  readonly key: string;
  readonly lock: 'native' | 'dynamodb';
  /** Needed when the lock is DynamoDB's. */
  readonly lockTable?: string;
}

/** The `terraform.backend.s3` block. The native lock is a file beside the state, written with a conditional put. */
export function s3Backend({
  bucket,
  region,
  key,
  lock,
  lockTable,
}: StateBackendPlan): Readonly<Record<string, string | boolean>> {
  if (lock === 'dynamodb' && lockTable === undefined) {
    throw new Error(`state back end of ${key}: lock is "dynamodb" but there is no lockTable`);
  }
  return {
    bucket,
    key,
    region,
    encrypt: true,
    ...(lock === 'native' ? { use_lockfile: true } : { dynamodb_table: lockTable ?? '' }),
  };
}
