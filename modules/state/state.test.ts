import { expectPassThrough, messageOf, synth } from '../testing';
import { s3Backend } from './backend';
import { StateStorage, type StateStorageProps } from './state-storage';

describe('s3Backend', () => {
  const plan = { bucket: 'states', region: 'us-east-1', key: 'a/b/terraform.tfstate' };

  it('locks with a file beside the state', () => {
    expect(s3Backend({ ...plan, lock: 'native', lockTable: 'unused' })).toEqual({
      ...plan,
      encrypt: true,
      use_lockfile: true,
    });
  });

  it('locks with DynamoDB where that is asked for', () => {
    expect(s3Backend({ ...plan, lock: 'dynamodb', lockTable: 'locks' })).toEqual({
      ...plan,
      encrypt: true,
      dynamodb_table: 'locks',
    });
    expect(() => s3Backend({ ...plan, lock: 'dynamodb' })).toThrow(
      'state back end of a/b/terraform.tfstate: lock is "dynamodb" but there is no lockTable',
    );
  });
});

describe('state.StateStorage', () => {
  const base: StateStorageProps = { bucketName: 'states-1' };
  const storage = (props: Partial<StateStorageProps> = {}) =>
    synth((stack) => new StateStorage(stack, 'state', { ...base, ...props }));

  it('is versioned, encrypted, private and reached over TLS only', () => {
    const found = storage();
    expect(found.only('aws_s3_bucket')).toMatchObject({
      bucket: 'states-1',
      force_destroy: false,
      lifecycle: { prevent_destroy: true },
    });
    expect(found.only('aws_s3_bucket_versioning')['versioning_configuration']).toEqual({ status: 'Enabled' });
    expect(found.only('aws_s3_bucket_server_side_encryption_configuration')['rule']).toEqual([
      { apply_server_side_encryption_by_default: { sse_algorithm: 'AES256' } },
    ]);
    expect(found.only('aws_s3_bucket_public_access_block')).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(JSON.parse(found.only('aws_s3_bucket_policy')['policy']).Statement).toEqual([
      {
        Sid: 'OnlyOverTls',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [expect.stringMatching(/\.arn\}$/), expect.stringMatching(/\.arn\}\/\*$/)],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
    expect(found.all('aws_dynamodb_table')).toEqual([]);
  });

  it('has a lock table where one is named', () => {
    expect(storage({ lockTableName: 'locks' }).only('aws_dynamodb_table')).toMatchObject({
      name: 'locks',
      hash_key: 'LockID',
      billing_mode: 'PAY_PER_REQUEST',
      deletion_protection_enabled: true,
    });
  });

  it('can be left unprotected', () => {
    const bucket = storage({ deletionProtection: false }).only('aws_s3_bucket');
    expect(bucket['force_destroy']).toBe(true);
    expect(bucket['lifecycle']).toBeUndefined();
  });

  it('reports every problem at once', () => {
    expect(messageOf(() => storage({ bucketName: 'Ab', lockTableName: 'no' }))).toBe(
      [
        'state.StateStorage at test/state: 2 problems',
        '- bucketName is "Ab"; allowed: 3 to 63 lower-case letters, digits and hyphens',
        '- lockTableName is "no"; allowed: 3 to 255 of A-Z a-z 0-9 _ . -',
      ].join('\n'),
    );
    expect(() => storage({ bucketName: 'abc', lockTableName: 'yes' })).not.toThrow();
    expect(() => storage({ bucketName: 'a'.repeat(63) })).not.toThrow();
    expect(() => storage({ bucketName: 'a'.repeat(64) })).toThrow('allowed: 3 to 63');
  });

  it('passes every prop on', () => {
    expectPassThrough<StateStorageProps>(
      base,
      { bucketName: 'other', lockTableName: 'locks', deletionProtection: false },
      (stack, props) => new StateStorage(stack, 'state', props),
    );
  });
});
