/** Reads a service's environment variables once, by its zod schema. Light on purpose: stacks import schemas that use it. */
import { safeParse, type $ZodType, type output } from 'zod/v4/core';

/** Lists every problem at once, and never a value: an environment may hold what must not be logged. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

export function parseEnvironment<Schema extends $ZodType>(
  service: string,
  schema: Schema,
  variables: Readonly<Record<string, string | undefined>>,
): output<Schema> {
  const result = safeParse(schema, variables);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `- ${issue.path.join('.')}: ${issue.message}`);
  const count = `${lines.length} problem${lines.length === 1 ? '' : 's'}`;
  throw new EnvironmentError(`${service} environment: ${count}\n${lines.join('\n')}`);
}
