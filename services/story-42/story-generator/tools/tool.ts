/** How a tool is written down: what the model is told of it, what it takes, how long it may take and what it does. */
import { z } from 'zod';
import { ToolError } from '../../../common/bedrock/errors';
import type { Tool } from '../../../common/bedrock/tool-calls';
import type { Json, JsonObject } from '../../../common/bedrock/types';
import { HttpClientError } from '../../../common/http-client';
import { StoryError } from '../../common/errors';
import type { Turn } from '../agent/turn';

export interface ToolCallContext {
  readonly turn: Turn;
  readonly signal: AbortSignal;
}

export interface AgentTool {
  readonly name: string;
  /** As one message of one caller calls it. */
  bind(turn: Turn): Tool;
}

interface ToolSpec<Schema extends z.ZodType> {
  readonly name: string;
  readonly description: string;
  /** Who is to blame when it fails, for the model. */
  readonly owner: string;
  readonly timeoutMilliseconds: number;
  readonly input: Schema;
  run(input: z.output<Schema>, context: ToolCallContext): Promise<unknown>;
}

export function defineTool<Schema extends z.ZodType>(spec: ToolSpec<Schema>): AgentTool {
  const { name, description, owner, timeoutMilliseconds, input } = spec;
  const { $schema: _dialect, ...parameters } = z.toJSONSchema(input, { io: 'input' }) as JsonObject;
  return {
    name,
    bind: (turn) => ({
      name,
      description,
      owner,
      timeoutMilliseconds,
      parameters,
      run: async (given, signal) => {
        const parsed = input.safeParse(given);
        if (!parsed.success) throw wrongInput(parsed.error.issues);
        try {
          return (await spec.run(parsed.data, { turn, signal })) as Json;
        } catch (error) {
          throw explained(error, owner, signal);
        }
      },
    }),
  };
}

const wrongInput = (issues: readonly z.core.$ZodIssue[]) =>
  new ToolError(issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`).join('; '));

/** What the model may be told; the rest stays in the log. */
function explained(error: unknown, owner: string, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof ToolError) return error;
  if (error instanceof StoryError && error.code !== 'internal') {
    return new ToolError(`${error.code}: ${error.message}`, error);
  }
  if (!(error instanceof HttpClientError)) return error;
  const what = {
    status: `answered with HTTP ${error.status}`,
    timeout: 'gave no answer in time',
    network: 'could not be reached',
    too_large: 'answered with more than can be read',
    format: 'answered in a form that is not understood',
  }[error.failure];
  return new ToolError(`${owner} ${what}`, error);
}
