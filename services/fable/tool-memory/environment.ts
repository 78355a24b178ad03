/**
 * tool-memory's environment variables: parsed once at start, and imported by the stack that sets them, together with the
 * tools that it registers. Keep this file free of anything but zod and data.
 */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { databaseVariables, embeddingModelId, optionalDatabaseVariables } from '../common/database-environment';
import { commonVariables } from '../common/environment';

export { memoryTools } from '../common/memory-tools';

/** Set by the stack, every one of them, in every environment. */
const passed = { ...commonVariables, ...databaseVariables, EMBEDDING_MODEL_ID: embeddingModelId };

const toolMemoryEnvironmentSchema = z.object({ ...passed, ...optionalDatabaseVariables });
export type ToolMemoryEnvironment = z.output<typeof toolMemoryEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type ToolMemoryVariables = Readonly<Record<keyof typeof passed, string>>;

export const parseToolMemoryEnvironment = (
  variables: Readonly<Record<string, string | undefined>>,
): ToolMemoryEnvironment => parseEnvironment('tool-memory', toolMemoryEnvironmentSchema, variables);
