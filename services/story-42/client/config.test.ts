import { checkConfig } from './config';

const config = {
  region: 'us-west-2',
  apiUrl: 'https://api.test/dev/',
  userPoolId: 'pool',
  clientId: 'client',
  cognitoUrl: 'https://cognito.test/',
  agentUrl: '/agent/',
  version: '1',
};

test('addresses lose their last slash, so that paths can be added', () => {
  expect(checkConfig(config)).toMatchObject({ apiUrl: 'https://api.test/dev', agentUrl: '/agent' });
});

test.each([null, undefined, ''])('an agent address of %p means that there is no agent', (agentUrl) => {
  expect(checkConfig({ ...config, agentUrl }).agentUrl).toBeNull();
});

test('everything that is missing is named at once', () => {
  const missing = () => checkConfig({ ...config, apiUrl: '', clientId: 3 });
  expect(missing).toThrow('The page has no usable configuration.');
  expect(missing).toThrow(expect.objectContaining({ detail: '/config.json lacks apiUrl, clientId.' }));
  expect(() => checkConfig(null)).toThrow(
    expect.objectContaining({ detail: expect.stringContaining('region, apiUrl') }),
  );
});
