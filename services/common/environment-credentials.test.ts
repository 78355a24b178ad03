import { defaultProvider } from './environment-credentials';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

test("gives Lambda's credentials as they are at that moment", async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' });
  expect(await defaultProvider()()).toEqual({ accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' });
  delete process.env.AWS_SESSION_TOKEN;
  expect(await defaultProvider()()).toEqual({ accessKeyId: 'a', secretAccessKey: 's' });
});

test('says what is missing', async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  await expect(defaultProvider()()).rejects.toThrow('there are no AWS credentials in the environment');
});
