import { agentOptionalVariableNames, agentVariableNames, parseAgentEnvironment } from './environment';

const all = {
  AWS_REGION: 'us-west-2',
  BEDROCK_MODEL_ID: 'us.anthropic.claude',
  STORY_API_URL: 'https://abc.execute-api.us-west-2.amazonaws.com/dev',
  SESSIONS_TABLE: 'sessions',
  IMAGES_BUCKET: 'images',
  TEXT_FUNCTION_NAME: 'text',
  IMAGE_FUNCTION_NAME: 'image',
  DATA_FUNCTION_NAME: 'data',
  COGNITO_USER_POOL_ID: 'us-west-2_Ab1Cd2',
  COGNITO_CLIENT_ID: 'client',
  COGNITO_JWKS_URL: 'https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Ab1Cd2/.well-known/jwks.json',
  SEARCH_BASE_URL: 'https://html.duckduckgo.com',
  TTS_API_BASE_URL: 'https://tts.example.com',
  TTS_API_KEY_SECRET_ARN: 'arn:aws:secretsmanager:us-west-2:123456789012:secret:p/dev/tts-api-key-AbCdEf',
};

test('the fourteen that the stack passes, and no others', () => {
  expect([...agentVariableNames].sort()).toEqual(Object.keys(all).sort());
  expect([...agentOptionalVariableNames].sort()).toEqual(['LOG_LEVEL', 'PORT', 'S3_PUBLIC_ENDPOINT']);
});

test('the others have defaults', () => {
  expect(parseAgentEnvironment(all)).toEqual({ ...all, PORT: 8080, LOG_LEVEL: 'info' });
});

test('addresses are kept without a slash at their end', () => {
  expect(parseAgentEnvironment({ ...all, STORY_API_URL: 'http://127.0.0.1:9000/dev/' }).STORY_API_URL).toBe(
    'http://127.0.0.1:9000/dev',
  );
});

test.each([
  ['AWS_REGION', 'Oregon'],
  ['COGNITO_USER_POOL_ID', 'pool'],
  ['STORY_API_URL', 'ftp://x'],
  ['SEARCH_BASE_URL', 'duckduckgo.com'],
  ['S3_PUBLIC_ENDPOINT', 'here'],
  ['PORT', '65536'],
  ['LOG_LEVEL', 'loud'],
  ['SESSIONS_TABLE', ''],
])('%s may not be "%s"', (name, value) => {
  expect(() => parseAgentEnvironment({ ...all, [name]: value })).toThrow(
    `story-42-agent environment: 1 problem\n- ${name}: `,
  );
});

test('every missing variable is named', () => {
  expect(() => parseAgentEnvironment({})).toThrow(/^story-42-agent environment: 14 problems/);
});
