import { Role } from '../iam/role';
import { Naming } from '../naming/naming';
import { account, expectPassThrough, messageOf, naming, skipsOf, statements, synth } from '../testing';
import { Bucket, type BucketProps } from './bucket';

const base: BucketProps = { naming, part: 'images' };
const bucket = (props: Partial<BucketProps> = {}, use: (made: Bucket) => void = () => undefined) =>
  synth((stack) => use(new Bucket(stack, 'images', { ...base, ...props })));

describe('storage.Bucket', () => {
  it('is private, encrypted and reached over TLS only', () => {
    const found = bucket();
    expect(found.only('aws_s3_bucket')).toEqual(
      expect.objectContaining({ bucket: 'shop-test-images', force_destroy: false }),
    );
    expect(found.only('aws_s3_bucket')['lifecycle']).toBeUndefined();
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
      expect.objectContaining({ Sid: 'OnlyOverTls', Effect: 'Deny', Action: 's3:*', Principal: '*' }),
    ]);
    expect(found.all('aws_s3_bucket_versioning')).toEqual([]);
    expect(found.all('aws_s3_bucket_cors_configuration')).toEqual([]);
  });

  it('is named as its system names things', () => {
    const end = new Naming({ project: 'story-42-west', environment: 'dev', environmentAt: 'end' });
    expect(bucket({ naming: end, part: 'story-images' }).only('aws_s3_bucket')['bucket']).toBe(
      'story-42-west-story-images-dev',
    );
  });

  it('ends abandoned uploads, and objects only below the prefixes that are told', () => {
    expect(bucket().only('aws_s3_bucket_lifecycle_configuration')['rule']).toEqual([
      {
        id: 'abandoned-uploads',
        status: 'Enabled',
        filter: [{ prefix: '' }],
        abort_incomplete_multipart_upload: [{ days_after_initiation: 7 }],
      },
    ]);
    const rules = bucket({
      expirations: [
        { prefix: 'images/', days: 30 },
        { prefix: 'audio/', days: 0 },
      ],
    }).only('aws_s3_bucket_lifecycle_configuration')['rule'];
    expect(rules.slice(1)).toEqual([
      { id: 'expire-images', status: 'Enabled', filter: [{ prefix: 'images/' }], expiration: [{ days: 30 }] },
    ]);
  });

  it('ends earlier versions too where they are kept, once they are', () => {
    const lifecycle = bucket({ versioned: true, expirations: [{ prefix: 'images/', days: 30 }] }).only(
      'aws_s3_bucket_lifecycle_configuration',
    );
    expect(lifecycle['rule'][1]['noncurrent_version_expiration']).toEqual([{ noncurrent_days: 30 }]);
    expect(lifecycle['depends_on']).toEqual([expect.stringMatching(/^aws_s3_bucket_versioning\./)]);
  });

  it('lets browsers read from the origins that are told', () => {
    expect(
      bucket({ cors: { allowOrigins: ['https://a.example'] } }).only('aws_s3_bucket_cors_configuration')['cors_rule'],
    ).toEqual([
      {
        allowed_origins: ['https://a.example'],
        allowed_methods: ['GET'],
        allowed_headers: ['*'],
        max_age_seconds: 3600,
      },
    ]);
    expect(
      bucket({
        cors: { allowOrigins: ['*'], allowMethods: ['PUT'], allowHeaders: ['x-a'], maxAgeSeconds: 1 },
      }).only('aws_s3_bucket_cors_configuration')['cors_rule'],
    ).toEqual([{ allowed_origins: ['*'], allowed_methods: ['PUT'], allowed_headers: ['x-a'], max_age_seconds: 1 }]);
  });

  it('may go with its objects, or may not go at all', () => {
    expect(bucket({ forceDestroy: true }).only('aws_s3_bucket')['force_destroy']).toBe(true);
    expect(bucket({ deletionProtection: true }).only('aws_s3_bucket')['lifecycle']).toEqual({ prevent_destroy: true });
  });

  it('grants by prefix, each statement with a name of its own', () => {
    const found = synth((stack) => {
      const role = new Role(stack, 'role', {
        naming,
        part: 'r',
        service: 'lambda.amazonaws.com',
        account,
        description: 'd',
      });
      const made = new Bucket(stack, 'story-images', base);
      made.grantRead(role, 'stories/', 'images/');
      made.grantRead(role);
      made.grantWrite(role, 'stories/');
      made.grantDelete(role, 'images/');
      made.grantList(role, 'images/');
      made.grantList(role);
    });
    const granted = statements(found.only('aws_iam_role_policy')['policy']);
    const keys = (pattern: string) =>
      expect.stringMatching(new RegExp(`^\\$\\{aws_s3_bucket\\.[\\w-]+\\.arn\\}/${pattern}$`));
    expect(granted).toEqual([
      {
        Sid: 'ReadStoryImagesStoriesImages',
        Effect: 'Allow',
        Action: ['s3:GetObject'],
        Resource: [keys('stories/\\*'), keys('images/\\*')],
      },
      { Sid: 'ReadStoryImages', Effect: 'Allow', Action: ['s3:GetObject'], Resource: [keys('\\*')] },
      {
        Sid: 'WriteStoryImagesStories',
        Effect: 'Allow',
        Action: ['s3:PutObject'],
        Resource: [keys('stories/\\*')],
      },
      {
        Sid: 'DeleteStoryImagesImages',
        Effect: 'Allow',
        Action: ['s3:DeleteObject'],
        Resource: [keys('images/\\*')],
      },
      {
        Sid: 'ListStoryImagesImages',
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: [expect.stringMatching(/^\$\{aws_s3_bucket\.[\w-]+\.arn\}$/)],
        Condition: { StringLike: { 's3:prefix': ['images/*'] } },
      },
      {
        Sid: 'ListStoryImages',
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: [expect.stringMatching(/^\$\{aws_s3_bucket\.[\w-]+\.arn\}$/)],
      },
    ]);
  });

  it('lets a service in by its own policy, also after it was made', () => {
    const statement = { Sid: 'Edge', Effect: 'Allow', Principal: { Service: 'cloudfront.amazonaws.com' } };
    const found = bucket({}, (made) => made.addToResourcePolicy(statement));
    expect(JSON.parse(found.only('aws_s3_bucket_policy')['policy']).Statement[1]).toEqual(statement);
  });

  it('accepts the finding on versions only where it keeps none', () => {
    const always = ['CKV2_AWS_62', 'CKV_AWS_144', 'CKV_AWS_145', 'CKV_AWS_18'];
    expect(skipsOf((stack) => new Bucket(stack, 'images', base))).toEqual([...always, 'CKV_AWS_21']);
    expect(skipsOf((stack) => new Bucket(stack, 'images', { ...base, versioned: true }))).toEqual(always);
  });

  it('reports every problem at once', () => {
    expect(
      messageOf(() =>
        bucket({
          expirations: [
            { prefix: 'images', days: -1 },
            { prefix: 'images', days: 36_501 },
          ],
          cors: { allowOrigins: ['https://a.example/'], maxAgeSeconds: 86_401 },
          forceDestroy: true,
          deletionProtection: true,
        }),
      ),
    ).toBe(
      [
        'storage.Bucket at test/images: 8 problems',
        '- expirations.days is -1; allowed: a whole number from 0 to 36500 days',
        '- expirations.days is 36501; allowed: a whole number from 0 to 36500 days',
        '- expirations.prefix is "images"; allowed: a folder such as images/',
        '- expirations.prefix is "images"; allowed: a folder such as images/',
        '- expirations.prefix is images, images; allowed: each prefix once',
        '- cors.allowOrigins is "https://a.example/"; allowed: an origin such as https://example.com, or *',
        '- cors.maxAgeSeconds is 86401; allowed: a whole number from 0 to 86400 seconds',
        '- forceDestroy and deletionProtection are both true; allowed: one of them',
      ].join('\n'),
    );
    expect(messageOf(() => bucket({ cors: { allowOrigins: [] } }))).toContain('cors.allowOrigins is empty');
    expect(() =>
      bucket({
        expirations: [{ prefix: 'a/b/', days: 36_500 }],
        cors: { allowOrigins: ['http://localhost:1', '*'], maxAgeSeconds: 0 },
      }),
    ).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<BucketProps>(
      base,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'stories',
        expirations: [{ prefix: 'images/', days: 1 }],
        cors: { allowOrigins: ['*'] },
        versioned: true,
        forceDestroy: true,
        deletionProtection: true,
      },
      (stack, props) => new Bucket(stack, 'images', props),
    );
  });
});
