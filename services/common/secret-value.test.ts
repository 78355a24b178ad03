import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SecretUnavailableError, SecretValue } from './secret-value';
import { startFakeAws, type FakeAws } from './test-support/fake-aws';

let aws: FakeAws;
beforeEach(async () => {
  aws = await startFakeAws(() => ({ body: { SecretString: ' sesame\n' } }));
});
afterEach(() => aws.close());
const make = (more = {}) =>
  new SecretValue({
    client: new SecretsManagerClient({ ...aws.settings, maxAttempts: 1 }),
    secretId: 'arn:aws:secretsmanager:::secret:x',
    what: 'the key',
    ...more,
  });

test('is read once, also by callers at the same time', async () => {
  const secret = make();
  expect(await Promise.all([secret.get(), secret.get()])).toEqual(['sesame', 'sesame']);
  expect(await secret.get()).toBe('sesame');
  expect(aws.calls).toHaveLength(1);
});

test('is read again after it was forgotten, and after its lifetime', async () => {
  const secret = make();
  await secret.get();
  secret.forget();
  await secret.get();
  expect(aws.calls).toHaveLength(2);
  const brief = make({ lifetimeMilliseconds: 0 });
  await brief.get();
  await brief.get();
  expect(aws.calls).toHaveLength(4);
});

test.each([
  [{ fault: 'ResourceNotFoundException' }, 'the key cannot be read: it has not been set'],
  [
    { fault: 'AccessDeniedException', message: 'arn:aws:iam::1:role/x may not' },
    'the key cannot be read: AccessDeniedException',
  ],
  [{ body: { SecretString: ' ' } }, 'the key cannot be read: it is empty'],
])('%j is told without ARN or value, and not kept', async (answer, message) => {
  aws.answer = () => answer;
  const secret = make();
  await expect(secret.get()).rejects.toMatchObject({ name: SecretUnavailableError.name, message });
  aws.answer = () => ({ body: { SecretString: 'now' } });
  expect(await secret.get()).toBe('now');
});
