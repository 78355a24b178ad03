/**
 * The environment variables of get-task-output: parsed once at start, and imported by the stack that sets them. Keep this
 * file free of anything but zod.
 */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { artifactsBucket, commonVariables } from '../common/environment';

export const getTaskOutputEnvironmentSchema = z.object({ ...commonVariables, ARTIFACTS_BUCKET: artifactsBucket });
export type GetTaskOutputEnvironment = z.output<typeof getTaskOutputEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type GetTaskOutputVariables = Readonly<Record<keyof GetTaskOutputEnvironment, string>>;

export const parseGetTaskOutputEnvironment = (
  variables: Readonly<Record<string, string | undefined>>,
): GetTaskOutputEnvironment => parseEnvironment('get-task-output', getTaskOutputEnvironmentSchema, variables);
