import { parseImageEnvironment } from './environment';

const variables = {
  GOOGLE_API_KEY_SECRET_ARN: 'arn',
  GOOGLE_API_BASE_URL: 'https://example.com',
  IMAGE_MODEL_ID: 'imagen-4',
  SESSIONS_TABLE: 't',
  IMAGES_BUCKET: 'b',
};

test('takes what the stack sets, with defaults for the rest', () => {
  expect(parseImageEnvironment(variables)).toEqual({
    ...variables,
    LOG_LEVEL: 'info',
    RELEASE: undefined,
    S3_PUBLIC_ENDPOINT: undefined,
  });
  expect(parseImageEnvironment({ ...variables, RELEASE: '', LOG_LEVEL: 'debug' })).toMatchObject({
    RELEASE: undefined,
    LOG_LEVEL: 'debug',
  });
});

test('names what is missing', () => {
  expect(() => parseImageEnvironment({ ...variables, GOOGLE_API_KEY_SECRET_ARN: undefined })).toThrow(
    '- GOOGLE_API_KEY_SECRET_ARN: the ARN of the secret that holds the Google API key is required',
  );
  expect(() => parseImageEnvironment({ ...variables, SESSIONS_TABLE: '' })).toThrow(
    '- SESSIONS_TABLE: the name of the sessions table is empty',
  );
});

test('an address with a query is none', () => {
  for (const bad of ['example.com', 'ftp://x', 'https://x?key=hunter2']) {
    const parse = () => parseImageEnvironment({ ...variables, GOOGLE_API_BASE_URL: bad });
    expect(parse).toThrow('- GOOGLE_API_BASE_URL: the address of the Google API must be an address');
    expect(parse).not.toThrow(/hunter2/);
  }
});
