/** Skills: what the model may call. Described in YAML files, run by the handlers registered here under the same names. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Json, JsonObject, ToolDefinition } from '../../../common/bedrock/types';
import { idRules } from './ids';
import { jiraConfigured, sprintStatus } from './jira/sprint-status';
import type { SecretValues } from './types';

export interface SkillCall {
  readonly input: JsonObject;
  readonly secret: SecretValues;
  readonly signal: AbortSignal;
}

export interface SkillHandler {
  /** Whether the tenant's values can be used at all; placeholders of a seed, for example, cannot. */
  configured(secret: SecretValues): boolean;
  /** Rejects with `IntegrationError` when the integration failed and its user should know how. */
  run(call: SkillCall): Promise<Json>;
}

export interface Skill extends ToolDefinition {
  /** The tenant's integration whose secret the skill needs. */
  readonly integration: string;
  readonly handler: SkillHandler;
}

export const skillHandlers: Readonly<Record<string, SkillHandler>> = {
  'jira.sprint_status': { configured: jiraConfigured, run: sprintStatus },
};

const skillFile = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/, 'must be words joined by dots, such as "jira.sprint_status"'),
  description: z.string().min(20).max(1024),
  integration: z.string().regex(idRules.integration.pattern, `allowed: ${idRules.integration.allowed}`),
  parameters: z.looseObject({ type: z.literal('object') }),
});

export class SkillError extends Error {
  override readonly name = 'SkillError';
}

/** Reads every `*.yaml` of a folder; all problems are told at once. */
export function loadSkills(
  folder: string,
  handlers: Readonly<Record<string, SkillHandler>> = skillHandlers,
): readonly Skill[] {
  const problems: string[] = [];
  const skills = new Map<string, Skill>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.yaml')) continue;
    const result = skillFile.safeParse(parseYaml(join(folder, file), problems));
    if (!result.success) {
      problems.push(
        ...result.error.issues.map((issue) => `${file}: ${issue.path.join('.') || 'file'}: ${issue.message}`),
      );
      continue;
    }
    const { name, parameters, ...rest } = result.data;
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (!handler) problems.push(`${file}: no code is registered for skill "${name}"`);
    else if (skills.has(name)) problems.push(`${file}: skill "${name}" is described twice`);
    else skills.set(name, { ...rest, name, parameters: parameters as JsonObject, handler });
  }
  for (const name of Object.keys(handlers)) {
    if (!skills.has(name) && problems.length === 0) problems.push(`${name}: registered, but described by no file`);
  }
  if (problems.length > 0)
    throw new SkillError(`skills in ${folder}:\n${problems.map((line) => `- ${line}`).join('\n')}`);
  return [...skills.values()];
}

function parseYaml(path: string, problems: string[]): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    problems.push(`${path}: ${(error as Error).message}`);
    return undefined;
  }
}
