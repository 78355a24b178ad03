/** The tools behind the gateway: builds, and what tool functions provide. Each checks its arguments before anything runs. */
import * as z from 'zod';
import { REQUEST_CHARACTERS, type KickoffRequest } from '../common/builds';
import type { Issue } from '../common/errors';
import { FableError } from '../common/errors';
import type { FunctionInvoker, Kickoff } from '../common/functions';
import type { ToolRegistry } from './environment';
import { isRecord } from './json-rpc';

/** As claimed by the client. */
export interface Caller {
  readonly userId: string;
  readonly orgId: string;
}

export type Arguments = Readonly<Record<string, unknown>>;

export interface GatewayTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** What is wrong with the arguments; nothing when they are as they should be. */
  check(args: Arguments): readonly Issue[];
  /** @throws FableError what the model should know */
  run(args: Arguments, caller: Caller): Promise<Readonly<Record<string, unknown>>>;
}

export interface ToolsOptions {
  readonly registry: ToolRegistry;
  readonly kickoff: Pick<Kickoff, 'call'>;
  readonly invoker: Pick<FunctionInvoker, 'call'>;
  /** Names with commas between them, or `*`. */
  readonly publicTools: string;
}

/** Those that clients may see and call. @throws when the settings contradict each other */
export function createTools({ registry, kickoff, invoker, publicTools }: ToolsOptions): GatewayTool[] {
  const all = [...buildTools(kickoff), ...functionTools(registry, invoker)];
  const names = all.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`TOOL_FUNCTIONS: the tool "${twice}" is built in`);
  if (publicTools === '*') return all;
  const wanted = publicTools.split(',');
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new Error(`PUBLIC_TOOLS: there is no ${unknown.join(', ')}; there are ${names.join(', ')}`);
  }
  return all.filter(({ name }) => wanted.includes(name));
}

const buildId = { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' };

function buildTools(kickoff: Pick<Kickoff, 'call'>): GatewayTool[] {
  return [
    tool(
      'build_start',
      'Starts a build: coding agents plan, write and test what is asked for. Returns the id of the build at once.',
      {
        request: { type: 'string', minLength: 1, maxLength: REQUEST_CHARACTERS, description: 'What is to be built.' },
        spec: { type: 'object', description: 'A specification, instead of one that is derived from the request.' },
        idempotencyKey: {
          type: 'string',
          pattern: '^[A-Za-z0-9_.:-]{1,128}$',
          description: 'A start that is repeated with the same key within 24 hours returns the same build.',
        },
      },
      ['request'],
      async (args, caller) => {
        const payload = { ...args, ...caller } as Extract<KickoffRequest, { action: 'start' }>['payload'];
        const { buildId: id, status } = await kickoff.call('start', payload);
        return { buildId: id, status };
      },
    ),
    tool(
      'build_status',
      'How a build stands, with its result once it is completed.',
      { buildId },
      ['buildId'],
      async (args, { orgId }) => {
        const { build } = await kickoff.call('status', { buildId: String(args.buildId), orgId });
        const { executionArn: _arn, ...seen } = build;
        return seen;
      },
    ),
    tool(
      'build_list',
      'The builds of the organisation, newest first.',
      { limit: { type: 'integer', minimum: 1, maximum: 50, default: 20 } },
      [],
      async ({ limit }, { orgId }) => {
        const { builds } = await kickoff.call('list', { orgId, ...(typeof limit === 'number' && { limit }) });
        return { builds: builds.map(({ executionArn: _arn, ...seen }) => seen) };
      },
    ),
  ];
}

function tool(
  name: string,
  description: string,
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[],
  run: GatewayTool['run'],
): GatewayTool {
  const inputSchema = { type: 'object', properties, required, additionalProperties: false };
  return { name, description, inputSchema, check: checkOf(name, inputSchema), run };
}

function functionTools(registry: ToolRegistry, invoker: Pick<FunctionInvoker, 'call'>): GatewayTool[] {
  return Object.entries(registry).map(([name, { functionArn, description, inputSchema }]) => ({
    name,
    description,
    inputSchema,
    check: checkOf(name, inputSchema),
    run: async (args, caller) => {
      const context = { userId: caller.userId, orgId: caller.orgId };
      return resultOf(name, await invoker.call(functionArn, { tool: name, arguments: args, context }));
    },
  }));
}

/** Every tool function returns `{ok: true, result}` or `{ok: false, error: {code, message}}`. */
function resultOf(name: string, answer: unknown): Readonly<Record<string, unknown>> {
  if (isRecord(answer) && answer.ok === true && isRecord(answer.result)) return answer.result;
  if (isRecord(answer) && answer.ok === false && isRecord(answer.error) && typeof answer.error.message === 'string') {
    // A code that is not ours says nothing here; the message is for the model.
    throw new FableError('BAD_REQUEST', answer.error.message);
  }
  throw new Error(`the function of the tool "${name}" gave an answer of another shape`);
}

function checkOf(name: string, inputSchema: Readonly<Record<string, unknown>>): GatewayTool['check'] {
  let schema: z.ZodType;
  try {
    schema = z.fromJSONSchema(inputSchema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch (error) {
    throw new Error(`the input schema of the tool "${name}" cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return (args) => {
    const { error } = schema.safeParse(args);
    return error ? error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })) : [];
  };
}
