import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { ThrottledError } from '../../../../common/bedrock/errors';
import { ExistsError, InvalidIdError } from '../../agent/errors';
import { startFakeAws, type FakeAnswer, type FakeAws, type FakeCall } from '../../../../common/test-support/fake-aws';
import { SecretsManagerProvider } from './secrets-manager';

const PREFIX = '/t3nets/dev/tenants';
let aws: FakeAws;
let clock: number;
let secrets: SecretsManagerProvider;
let stored: Map<string, { value: string; description: string }>;

beforeEach(async () => {
  stored = new Map();
  clock = 0;
  aws = await startFakeAws(secretsManager);
  const client = new SecretsManagerClient({ ...aws.settings, maxAttempts: 1 });
  secrets = new SecretsManagerProvider({ client, prefix: PREFIX, clock: () => clock });
});
afterEach(() => aws.close());

/** As much of the service as the adapter asks for; lists in pages of two, and by a careless filter. */
function secretsManager({ operation, input }: FakeCall): FakeAnswer {
  const { SecretId, Name, SecretString, Description, NextToken } = input as Record<string, string>;
  switch (operation) {
    case 'GetSecretValue': {
      const secret = stored.get(SecretId!);
      return secret ? { body: { SecretString: secret.value } } : { fault: 'ResourceNotFoundException' };
    }
    case 'CreateSecret':
      if (stored.has(Name!)) return { fault: 'ResourceExistsException' };
      stored.set(Name!, { value: SecretString!, description: Description! });
      return { body: {} };
    case 'UpdateSecret':
      stored.set(SecretId!, { value: SecretString!, description: Description! });
      return { body: {} };
    default: {
      const start = Number(NextToken ?? 0);
      const names = [...stored].slice(start, start + 2);
      const SecretList = names.map(([name, { description }]) => ({ Name: name, Description: description }));
      return { body: { SecretList, NextToken: start + 2 < stored.size ? String(start + 2) : undefined } };
    }
  }
}

const count = (operation: string) => aws.calls.filter((call) => call.operation === operation).length;

test('creates, then updates; reads back; at the specified path', async () => {
  expect(await secrets.put('a', 'jira', { token: 1 })).toBe('created');
  expect(await secrets.put('a', 'jira', { token: 2 })).toBe('updated');
  expect([...stored.keys()]).toEqual(['/t3nets/dev/tenants/a/jira']);
  expect(await secrets.get('a', 'jira')).toEqual({ token: 2 });
});

test('values are cached for 300 s, absence for 30 s, and a put drops both', async () => {
  await secrets.put('a', 'jira', { token: 1 });
  await secrets.get('a', 'jira');
  stored.get(`${PREFIX}/a/jira`)!.value = '{"token":2}';
  clock = 299_999;
  expect(await secrets.get('a', 'jira')).toEqual({ token: 1 });
  clock = 300_000;
  expect(await secrets.get('a', 'jira')).toEqual({ token: 2 });
  await secrets.put('a', 'jira', { token: 3 });
  expect(await secrets.get('a', 'jira')).toEqual({ token: 3 });

  expect(await secrets.get('a', 'none')).toBeUndefined();
  const reads = count('GetSecretValue');
  await secrets.get('a', 'none');
  expect(count('GetSecretValue')).toBe(reads);
  clock += 30_000;
  await secrets.get('a', 'none');
  expect(count('GetSecretValue')).toBe(reads + 1);
});

test('requests at the same moment read once; a failed read is not kept', async () => {
  await secrets.put('a', 'jira', { token: 1 });
  await Promise.all([secrets.get('a', 'jira'), secrets.get('a', 'jira'), secrets.get('a', 'jira')]);
  expect(count('GetSecretValue')).toBe(1);
  aws.answer = () => ({ fault: 'ThrottlingException' });
  await expect(secrets.get('b', 'jira')).rejects.toBeInstanceOf(ThrottledError);
  aws.answer = secretsManager;
  expect(await secrets.get('b', 'jira')).toBeUndefined();
});

test('a read that began before a put does not bring the old value back', async () => {
  await secrets.put('a', 'jira', { token: 1 });
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  aws.answer = async (call) => {
    const answer = secretsManager(call);
    if (call.operation === 'GetSecretValue') await held;
    return answer;
  };
  const early = secrets.get('a', 'jira');
  while (count('GetSecretValue') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  await secrets.put('a', 'jira', { token: 2 });
  release();
  expect(await early).toEqual({ token: 1 });
  expect(await secrets.get('a', 'jira')).toEqual({ token: 2 });
});

test('names only, of this tenant only, page by page', async () => {
  for (const name of ['jira', 'api-key', 'github']) await secrets.put('a', name, { secret: 'x' });
  await secrets.put('ab', 'jira', {});
  await secrets.put('b', 'slack', {});
  expect(await secrets.list('a')).toEqual(['api-key', 'github', 'jira']);
  expect(aws.calls.at(-1)!.input.Filters).toEqual([{ Key: 'name', Values: [`${PREFIX}/a/`] }]);
});

test('a disabled integration reads as absent, is not listed, and can be set up again', async () => {
  await secrets.put('a', 'jira', { token: 1 });
  await secrets.disable('a', 'jira');
  expect(stored.get(`${PREFIX}/a/jira`)!.value).toBe('{"disabled":true}');
  expect(await secrets.get('a', 'jira')).toBeUndefined();
  expect(await secrets.list('a')).toEqual([]);
  await secrets.put('a', 'jira', { token: 2 });
  expect(await secrets.list('a')).toEqual(['jira']);
});

test('disabling what is not there makes nothing', async () => {
  await secrets.disable('a', 'jira');
  expect(stored.size).toBe(0);
});

test.each(['CreateSecret', 'UpdateSecret'])(
  'a name scheduled for deletion, told by %s, says how to mend it',
  async (by) => {
    stored.set(`${PREFIX}/a/jira`, { value: '{}', description: '' });
    const fault = { fault: 'InvalidRequestException', message: 'it was marked for deletion' };
    aws.answer = (call) => (call.operation === by ? fault : secretsManager(call));
    const failed = secrets.put('a', 'jira', {});
    await expect(failed).rejects.toBeInstanceOf(ExistsError);
    await expect(failed).rejects.toThrow(/restore-secret/);
    aws.answer = () => fault;
    expect(await secrets.get('a', 'jira')).toBeUndefined();
  },
);

test('a secret written by hand as plain text', async () => {
  stored.set(`${PREFIX}/a/api-key`, { value: 'sesame', description: '' });
  expect(await secrets.get('a', 'api-key')).toEqual({ value: 'sesame' });
});

test('whatever the ids, a path is that of its tenant or none at all', async () => {
  const any = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom('../b', 'a/../b', 'b/jira', '..', '', 'a%2f..', 'default/', 'a\n'),
    fc.stringMatching(/^[a-z0-9]{1,8}$/),
  );
  fc.assert(
    fc.property(any, any, (tenant, integration) => {
      let path: string;
      try {
        path = secrets.path(tenant, integration);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidIdError);
        return;
      }
      expect(path.split('/')).toEqual(['', 't3nets', 'dev', 'tenants', tenant, integration]);
      expect(path).not.toMatch(/\/\.{0,2}(\/|$)/);
    }),
  );
  await expect(secrets.get('a/b', 'jira')).rejects.toBeInstanceOf(InvalidIdError);
  await expect(secrets.list('')).rejects.toBeInstanceOf(InvalidIdError);
});

test('names from strangers do not fill the memory', async () => {
  aws.answer = () => ({ fault: 'ResourceNotFoundException' });
  await secrets.get('first', 'api-key');
  for (let index = 0; index < 2_000; index += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, offset) => secrets.get(`t${index + offset}`, 'api-key')));
  }
  const reads = count('GetSecretValue');
  await secrets.get('first', 'api-key');
  expect(count('GetSecretValue')).toBe(reads + 1);
}, 30_000);
