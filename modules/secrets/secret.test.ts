import { Role } from '../iam/role';
import { Naming } from '../naming/naming';
import { account, expectPassThrough, messageOf, naming, statements, synth } from '../testing';
import { Secret, type SecretProps } from './secret';

const base: SecretProps = { naming, part: 'google-api-key', description: 'Key of the image service' };
const secret = (props: Partial<SecretProps> = {}) => synth((stack) => new Secret(stack, 'key', { ...base, ...props }));

describe('secrets.Secret', () => {
  it('has a name and no value', () => {
    const found = secret();
    expect(found.only('aws_secretsmanager_secret')).toMatchObject({
      name: 'shop/test/google-api-key',
      description: 'Key of the image service',
      recovery_window_in_days: 30,
    });
    expect(found.only('aws_secretsmanager_secret')['lifecycle']).toBeUndefined();
    expect(found.addresses.map((address) => address.split('.')[0])).toEqual(['aws_secretsmanager_secret']);
  });

  it('keeps the order of its name in a system that names the environment last', () => {
    const end = new Naming({ project: 'story-42-west', environment: 'dev', environmentAt: 'end' });
    expect(secret({ naming: end }).only('aws_secretsmanager_secret')['name']).toBe('story-42-west/dev/google-api-key');
  });

  it('frees its name at once, or may not go at all', () => {
    expect(secret({ recoveryWindowDays: 0 }).only('aws_secretsmanager_secret')['recovery_window_in_days']).toBe(0);
    expect(secret({ deletionProtection: true }).only('aws_secretsmanager_secret')['lifecycle']).toEqual({
      prevent_destroy: true,
    });
  });

  it('grants reading its value and nothing else', () => {
    const found = synth((stack) => {
      const role = new Role(stack, 'role', {
        naming,
        part: 'r',
        service: 'lambda.amazonaws.com',
        account,
        description: 'd',
      });
      new Secret(stack, 'google-key', base).grantRead(role);
    });
    expect(statements(found.only('aws_iam_role_policy')['policy'])).toEqual([
      {
        Sid: 'Readgooglekey',
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: [expect.stringMatching(/^\$\{aws_secretsmanager_secret\.[\w-]+\.arn\}$/)],
      },
    ]);
  });

  it.each([-1, 1, 6, 31, 7.5])('refuses a window of %d days', (recoveryWindowDays) => {
    expect(messageOf(() => secret({ recoveryWindowDays, part: 'a b' }))).toBe(
      [
        'secrets.Secret at test/key: 2 problems',
        '- part is "a b"; allowed: letters, digits and _ + = . @ / -',
        `- recoveryWindowDays is ${recoveryWindowDays}; allowed: 0, or a whole number from 7 to 30 days`,
      ].join('\n'),
    );
  });

  it.each([0, 7, 30])('takes a window of %d days', (recoveryWindowDays) =>
    expect(() => secret({ recoveryWindowDays })).not.toThrow(),
  );

  it('writes a value that nothing keeps, and again when its version or what it depends on changes', () => {
    const found = secret({ writeOnlyValue: '${ephemeral.a.b.c}' });
    expect(found.only('aws_secretsmanager_secret_version')).toEqual({
      secret_id: expect.stringMatching(/^\$\{aws_secretsmanager_secret\.key_\w+\.id\}$/),
      secret_string_wo: '${ephemeral.a.b.c}',
      secret_string_wo_version: 1,
    });
    expect(
      secret({ writeOnlyValue: 'x', valueVersion: 3, rewriteWith: ['aws_rds_cluster.db.id'] }).only(
        'aws_secretsmanager_secret_version',
      ),
    ).toMatchObject({ secret_string_wo_version: 3, lifecycle: { replace_triggered_by: ['aws_rds_cluster.db.id'] } });
  });

  it('refuses what says how to write a value when there is none', () => {
    expect(messageOf(() => secret({ valueVersion: 0, rewriteWith: [] }))).toBe(
      [
        'secrets.Secret at test/key: 3 problems',
        `- valueVersion is 0; allowed: a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
        '- valueVersion is given; allowed with writeOnlyValue only',
        '- rewriteWith is given; allowed with writeOnlyValue only',
      ].join('\n'),
    );
  });

  it('passes every prop on', () => {
    expectPassThrough<SecretProps>(
      { ...base, writeOnlyValue: 'x' },
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'tts',
        description: 'Else',
        recoveryWindowDays: 7,
        deletionProtection: true,
        writeOnlyValue: 'y',
        valueVersion: 2,
        rewriteWith: ['aws_rds_cluster.db.id'],
      },
      (stack, props) => new Secret(stack, 'key', props),
    );
  });
});
