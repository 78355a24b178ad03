import { memoryTools } from '../common/memory-tools';
import { parseMcpGatewayEnvironment, type McpGatewayVariables } from './environment';

const registry = { memory_store: { ...memoryTools.memory_store, functionArn: 'arn' } };
const variables: McpGatewayVariables = {
  ENVIRONMENT: 'dev',
  LOG_LEVEL: 'info',
  TOOL_FUNCTIONS: JSON.stringify(registry),
  BUILD_KICKOFF_FUNCTION: 'kickoff',
  PUBLIC_TOOLS: '*',
};

test('takes what the stack sets', () => {
  expect(parseMcpGatewayEnvironment(variables)).toEqual({ ...variables, TOOL_FUNCTIONS: registry });
});

test.each([
  ['TOOL_FUNCTIONS', undefined, 'the registry of tool functions is required'],
  ['TOOL_FUNCTIONS', '{', 'the registry of tool functions is not JSON'],
  ['PUBLIC_TOOLS', 'a, b', 'the public tools are names with commas between them, or "*"'],
  ['BUILD_KICKOFF_FUNCTION', '', 'the name of the kickoff function is empty'],
])('%s as %j is refused', (name, value, message) => {
  expect(() => parseMcpGatewayEnvironment({ ...variables, [name]: value })).toThrow(`- ${name}: ${message}`);
});

test('a registry of another shape is refused', () => {
  for (const entry of [{ 'a b': registry.memory_store }, { a: { ...registry.memory_store, inputSchema: {} } }, []]) {
    expect(() => parseMcpGatewayEnvironment({ ...variables, TOOL_FUNCTIONS: JSON.stringify(entry) })).toThrow(
      /- TOOL_FUNCTIONS/,
    );
  }
});
