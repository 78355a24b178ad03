import { parseChatEnvironment, type ChatVariables } from './environment';

const variables: ChatVariables = {
  ENVIRONMENT: 'dev',
  LOG_LEVEL: 'info',
  AURORA_SECRET_ARN: 'arn',
  AURORA_ENDPOINT: 'host',
  AURORA_PORT: '5432',
  AURORA_DATABASE: 'fable',
  CONVERSATIONS_TABLE: 'conversations',
  CONNECTIONS_TABLE: 'connections',
  BUILD_KICKOFF_FUNCTION: 'kickoff',
  CHAT_MODEL_ID: 'model',
  EMBEDDING_MODEL_ID: 'titan',
};

test('takes what the stack sets', () => {
  expect(parseChatEnvironment(variables)).toEqual({ ...variables, PGSSLMODE: 'verify-full' });
});

test('names every problem', () => {
  const { CHAT_MODEL_ID: _model, ...rest } = variables;
  expect(() => parseChatEnvironment({ ...rest, WEBSOCKET_MANAGEMENT_URL: 'wss://x/dev' })).toThrow(
    'chat environment: 2 problems\n- CHAT_MODEL_ID: the id of the chat model is required\n- WEBSOCKET_MANAGEMENT_URL',
  );
});
