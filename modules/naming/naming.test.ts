import fc from 'fast-check';
import { Naming, fit, type NamedType } from './naming';
import { standardTags } from './tags';

const naming = new Naming({ project: 't3nets', environment: 'dev' });

describe('Naming', () => {
  it('puts project, environment and part together', () => {
    expect(naming.name('aws_ecs_cluster', 'cluster')).toBe('t3nets-dev-cluster');
    expect(naming.name('aws_cloudwatch_log_group', 'router', '/ecs/')).toBe('/ecs/t3nets-dev-router');
    expect(naming.name('aws_sfn_state_machine', 'build-pipeline')).toBe('t3nets-dev-build-pipeline');
    expect(naming.name('aws_cloudwatch_event_rule', 'ended')).toBe('t3nets-dev-ended');
    expect(naming.name('tag', '')).toBe('t3nets-dev');
    expect(naming.path('tenants')).toBe('/t3nets/dev/tenants');
  });

  it.each([
    ['aws_lambda_function', 'story-text-regen', '', 'story-42-west-story-text-regen-dev'],
    ['aws_cloudwatch_log_group', 'data-ops', '/aws/lambda/', '/aws/lambda/story-42-west-data-ops-dev'],
    ['aws_s3_bucket', 'story-images', '', 'story-42-west-story-images-dev'],
    ['aws_cognito_user_pool_domain', 'user-pool', '', 'story-42-west-user-pool-dev'],
    ['aws_api_gateway_rest_api', 'api', '', 'story-42-west-api-dev'],
  ] as const)('can put the environment at the end: %s %s', (type, part, prefix, expected) => {
    const end = new Naming({ project: 'story-42-west', environment: 'dev', environmentAt: 'end' });
    expect(end.name(type, part, prefix)).toBe(expected);
  });

  it('refuses the words that Cognito keeps for itself', () => {
    for (const word of ['aws', 'amazon', 'cognito']) {
      expect(() => fit('aws_cognito_user_pool_domain', `my-${word}-pool`)).toThrow('holds characters outside');
    }
    expect(fit('aws_cognito_user_pool_domain', 'user-pool')).toBe('user-pool');
    expect(() => fit('aws_cognito_user_pool_domain', 'user-pool-')).toThrow('holds characters outside');
  });

  it('names databases as RDS reads them back', () => {
    expect(naming.name('aws_rds_cluster', 'aurora')).toBe('t3nets-dev-aurora');
    expect(naming.name('aws_rds_cluster_instance', 'aurora-writer')).toBe('t3nets-dev-aurora-writer');
    expect(naming.name('aws_db_subnet_group', 'aurora')).toBe('t3nets-dev-aurora');
    for (const wrong of ['Upper', '1st', 'ends-', 'two--hyphens', 'a_b'])
      expect(() => fit('aws_rds_cluster', wrong)).toThrow('holds characters outside');
    expect(() => fit('aws_db_subnet_group', 'default')).toThrow('holds characters outside');
    expect(fit('aws_rds_cluster', 'a'.repeat(64))).toMatch(/^a{54}-[0-9a-f]{8}$/);
  });

  it('keeps a name of exactly the limit and shortens one above it with a hash of the whole', () => {
    expect(fit('aws_lb', 'a'.repeat(32))).toBe('a'.repeat(32));
    expect(fit('aws_lb', 'a'.repeat(33))).toBe('aaaaaaaaaaaaaaaaaaaaaaa-852785c8');
    expect(fit('aws_lb', `${'a'.repeat(22)}-${'b'.repeat(20)}`)).toMatch(/^a{22}-[0-9a-f]{8}$/);
  });

  it('keeps two long names apart and within the limit', () => {
    const long = fc.stringMatching(/^[a-z]{33,60}$/);
    fc.assert(
      fc.property(long, long, (one, other) => {
        expect(fit('aws_lb', one).length).toBeLessThanOrEqual(32);
        if (one !== other) expect(fit('aws_lb', one)).not.toBe(fit('aws_lb', other));
      }),
    );
  });

  it('refuses an unknown type, and what AWS would refuse', () => {
    expect(() => fit('aws_moon' as NamedType, 'x')).toThrow(
      'naming: no rule for type aws_moon; add it to modules/naming/naming.ts',
    );
    expect(() => fit('aws_lb', 'a_b')).toThrow('naming: aws_lb "a_b" holds characters outside ^[A-Za-z0-9-]+$');
    expect(() => fit('aws_ecr_repository', 'Upper')).toThrow(
      'naming: aws_ecr_repository "Upper" holds characters outside',
    );
    expect(() => fit('aws_dynamodb_table', 'ab')).toThrow(
      'naming: aws_dynamodb_table "ab" has 2 characters, at least 3 needed',
    );
    expect(fit('aws_dynamodb_table', 'abc')).toBe('abc');
    expect(() => fit('aws_security_group', 'sg-x')).toThrow('naming: aws_security_group "sg-x" holds');
  });
});

describe('standardTags', () => {
  const given = { project: 'p', system: 's', environment: 'e', stack: 's-e' };

  it('has the five standard tags and what the environment adds', () => {
    expect(standardTags({ ...given, extra: { CostCenter: '7' } })).toEqual({
      Project: 'p',
      System: 's',
      Environment: 'e',
      Stack: 's-e',
      ManagedBy: 'sluice',
      CostCenter: '7',
    });
  });

  it('refuses to change a standard tag in whatever case, and more tags than AWS takes', () => {
    expect(() => standardTags({ ...given, extra: { stack: 'x' } })).toThrow(
      'tags: stack may not be changed; every stack sets it',
    );
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));
    expect(() => standardTags({ ...given, extra: many(40) })).not.toThrow();
    expect(() => standardTags({ ...given, extra: many(41) })).toThrow(
      'tags: 46 tags; at most 45, as AWS takes 50 a resource',
    );
  });
});
