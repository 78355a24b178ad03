/** The MCP gateway's environment variables: parsed once at start, and imported by the stack that sets them. Nothing but zod in here. */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { commonVariables, required } from '../common/environment';

const toolName = /^[A-Za-z0-9_-]{1,64}$/;

const registrySchema = z.record(
  z.string().check(z.regex(toolName, 'a name of a tool is 1 to 64 of A-Z a-z 0-9 _ -')),
  z.strictObject({
    functionArn: z.string().check(z.minLength(1)),
    description: z.string().check(z.minLength(1)),
    /** JSON Schema of the arguments, an object. */
    inputSchema: z.looseObject({ type: z.literal('object') }),
  }),
);
/** By name: tools that functions of their own provide. */
export type ToolRegistry = z.output<typeof registrySchema>;

const toolFunctions = z.pipe(
  z.pipe(
    required('the registry of tool functions'),
    z.transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.issues.push({ code: 'custom', input: text, message: 'the registry of tool functions is not JSON' });
        return z.NEVER;
      }
    }),
  ),
  registrySchema,
);

const publicTools = required('the list of public tools').check(
  z.regex(/^(\*|[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*)$/, 'the public tools are names with commas between them, or "*"'),
);

const passed = {
  ...commonVariables,
  TOOL_FUNCTIONS: toolFunctions,
  BUILD_KICKOFF_FUNCTION: required('the name of the kickoff function'),
  /** What clients see and may call: names with commas between them, or `*`. */
  PUBLIC_TOOLS: publicTools,
};

const mcpGatewayEnvironmentSchema = z.object(passed);
export type McpGatewayEnvironment = z.output<typeof mcpGatewayEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type McpGatewayVariables = Readonly<Record<keyof typeof passed, string>>;

export const parseMcpGatewayEnvironment = (
  variables: Readonly<Record<string, string | undefined>>,
): McpGatewayEnvironment => parseEnvironment('mcp-gateway', mcpGatewayEnvironmentSchema, variables);
