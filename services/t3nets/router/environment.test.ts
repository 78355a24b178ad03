import { parseRouterEnvironment, routerOptionalVariableNames, routerVariableNames } from './environment';

const six = {
  T3NETS_ENV: 'aws',
  AWS_REGION: 'us-east-1',
  BEDROCK_MODEL_ID: 'anthropic.claude-sonnet',
  DYNAMODB_CONVERSATIONS_TABLE: 't3nets-dev-conversations',
  DYNAMODB_TENANTS_TABLE: 't3nets-dev-tenants',
  SECRETS_PREFIX: '/t3nets/dev/tenants',
};

test('exactly six variables are passed by the stack', () => {
  expect([...routerVariableNames].sort()).toEqual(Object.keys(six).sort());
});

test('the others have defaults', () => {
  expect(parseRouterEnvironment(six)).toEqual({
    ...six,
    PORT: 8080,
    LOG_LEVEL: 'info',
    BEDROCK_CONVERSATION_MODEL_ID: undefined,
    BEDROCK_FORMATTING_MODEL_ID: undefined,
    DEFAULT_TENANT_REQUIRES_KEY: false,
  });
  expect(routerOptionalVariableNames).toHaveLength(5);
});

test('an empty tier is as good as none; texts become numbers and truth values', () => {
  const optional = { PORT: '9000', BEDROCK_CONVERSATION_MODEL_ID: '', DEFAULT_TENANT_REQUIRES_KEY: 'true' };
  expect(parseRouterEnvironment({ ...six, ...optional })).toMatchObject({
    PORT: 9000,
    BEDROCK_CONVERSATION_MODEL_ID: undefined,
    DEFAULT_TENANT_REQUIRES_KEY: true,
  });
});

test.each([
  ['AWS_REGION', 'Frankfurt'],
  ['SECRETS_PREFIX', '/t3nets/dev/tenants/'],
  ['SECRETS_PREFIX', 't3nets/dev'],
  ['LOG_LEVEL', 'loud'],
  ['PORT', '65536'],
  ['PORT', 'web'],
  ['DEFAULT_TENANT_REQUIRES_KEY', 'yes'],
  ['BEDROCK_MODEL_ID', ''],
])('%s may not be "%s"', (name, value) => {
  expect(() => parseRouterEnvironment({ ...six, [name]: value })).toThrow(`router environment: 1 problem\n- ${name}: `);
});

test('every missing variable is named', () => {
  expect(() => parseRouterEnvironment({})).toThrow(/^router environment: 6 problems/);
});
