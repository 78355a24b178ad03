/** Entry of the MCP gateway, behind a Function URL. */
import { FunctionInvoker, Kickoff } from '../common/functions';
import { createFunctionLogger, functionVersion } from '../common/logging';
import { parseMcpGatewayEnvironment } from './environment';
import { createHandler } from './gateway';
import { createTools } from './tools';

const environment = parseMcpGatewayEnvironment(process.env);
const invoker = new FunctionInvoker();

export const handler = createHandler({
  logger: createFunctionLogger('mcp-gateway', environment),
  version: functionVersion,
  tools: createTools({
    registry: environment.TOOL_FUNCTIONS,
    kickoff: new Kickoff(invoker, environment.BUILD_KICKOFF_FUNCTION),
    invoker,
    publicTools: environment.PUBLIC_TOOLS,
  }),
});
