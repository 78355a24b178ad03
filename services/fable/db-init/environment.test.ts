import { parseDbInitEnvironment, type DbInitVariables } from './environment';

const variables: DbInitVariables = {
  ENVIRONMENT: 'dev',
  LOG_LEVEL: 'info',
  AURORA_SECRET_ARN: 'arn',
  AURORA_ENDPOINT: 'host',
  AURORA_PORT: '5432',
  AURORA_DATABASE: 'fable',
};

test('takes what the stack sets, and names what is missing', () => {
  expect(parseDbInitEnvironment({ ...variables, PGSSLMODE: 'disable' })).toEqual({
    ...variables,
    PGSSLMODE: 'disable',
  });
  expect(() => parseDbInitEnvironment({ ...variables, AURORA_ENDPOINT: undefined })).toThrow(
    '- AURORA_ENDPOINT: the host of the database is required',
  );
});
