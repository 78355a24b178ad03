import { parseDataOpsEnvironment } from './environment';

const variables = { SESSIONS_TABLE: 't', IMAGES_BUCKET: 'b' };

test('takes what the stack sets, with defaults for the rest', () => {
  expect(parseDataOpsEnvironment(variables)).toEqual({
    ...variables,
    LOG_LEVEL: 'info',
    RELEASE: undefined,
    S3_PUBLIC_ENDPOINT: undefined,
  });
  expect(parseDataOpsEnvironment({ ...variables, RELEASE: '', LOG_LEVEL: 'debug' })).toMatchObject({
    RELEASE: undefined,
    LOG_LEVEL: 'debug',
  });
});

test('names what is missing', () => {
  expect(() => parseDataOpsEnvironment({ ...variables, SESSIONS_TABLE: undefined })).toThrow(
    '- SESSIONS_TABLE: the name of the sessions table is required',
  );
  expect(() => parseDataOpsEnvironment({ ...variables, SESSIONS_TABLE: '' })).toThrow(
    '- SESSIONS_TABLE: the name of the sessions table is empty',
  );
});
