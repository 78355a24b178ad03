import { Naming } from '../naming/naming';
import { account, expectPassThrough, messageOf, naming, region, statements, synth } from '../testing';
import { SecretPath, type SecretPathProps } from './secret-path';

const base: SecretPathProps = { naming, part: 'tenants', region, account };

describe('secrets.SecretPath', () => {
  it('opens its own path with exactly three actions, and lists names', () => {
    const policy = synth((stack) => new SecretPath(stack, 'secrets', base)).only('aws_iam_policy');
    expect(policy['name']).toBe('shop-test-tenants-secrets');
    expect(statements(policy['policy'])).toEqual([
      {
        Sid: 'SecretsBelowPath',
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue', 'secretsmanager:CreateSecret', 'secretsmanager:UpdateSecret'],
        Resource: ['arn:aws:secretsmanager:us-east-1:111111111111:secret:/shop/test/tenants/*'],
      },
      { Sid: 'ListNames', Effect: 'Allow', Action: ['secretsmanager:ListSecrets'], Resource: ['*'] },
    ]);
  });

  it('creates no secret: a value would stand in the state', () => {
    const found = synth((stack) => new SecretPath(stack, 'secrets', base));
    expect(found.addresses.map((address) => address.split('.')[0])).toEqual(['aws_iam_policy']);
  });

  it('reports every problem at once', () => {
    expect(
      messageOf(() =>
        synth((stack) => new SecretPath(stack, 'secrets', { ...base, part: 'a/b', account: '12345678901' })),
      ),
    ).toBe(
      [
        'secrets.SecretPath at test/secrets: 2 problems',
        '- part is "a/b"; allowed: letters, digits and _ + = . @ -',
        '- account is "12345678901"; allowed: 12 digits',
      ].join('\n'),
    );
  });

  it('passes every prop on', () => {
    expectPassThrough<SecretPathProps>(
      base,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'users',
        region: 'eu-west-1',
        account: '222222222222',
      },
      (stack, props) => new SecretPath(stack, 'secrets', props),
    );
  });
});
