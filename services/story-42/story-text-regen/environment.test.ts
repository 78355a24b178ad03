import { parseTextEnvironment } from './environment';

const variables = { BEDROCK_MODEL_ID: 'm', SESSIONS_TABLE: 't', IMAGES_BUCKET: 'b', IMAGE_FUNCTION_NAME: 'f' };

test('takes what the stack sets, with defaults for the rest', () => {
  expect(parseTextEnvironment(variables)).toEqual({
    ...variables,
    LOG_LEVEL: 'info',
    RELEASE: undefined,
    S3_PUBLIC_ENDPOINT: undefined,
  });
  expect(parseTextEnvironment({ ...variables, RELEASE: '', LOG_LEVEL: 'debug' })).toMatchObject({
    RELEASE: undefined,
    LOG_LEVEL: 'debug',
  });
});

test('names what is missing', () => {
  expect(() => parseTextEnvironment({ ...variables, BEDROCK_MODEL_ID: undefined })).toThrow(
    '- BEDROCK_MODEL_ID: a Bedrock model id is required',
  );
  expect(() => parseTextEnvironment({ ...variables, SESSIONS_TABLE: '' })).toThrow(
    '- SESSIONS_TABLE: the name of the sessions table is empty',
  );
});
