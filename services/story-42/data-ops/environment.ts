/**
 * The data function's environment variables: parsed once at start, and imported by the stack that sets them. Keep this
 * file free of anything but zod.
 */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { imagesBucket, logLevel, optionalVariables, sessionsTable } from '../common/environment';

/** Set by the stack, every one of them, in every environment. */
const passed = {
  SESSIONS_TABLE: sessionsTable,
  IMAGES_BUCKET: imagesBucket,
};

const optional = { LOG_LEVEL: logLevel, ...optionalVariables };

export const dataOpsEnvironmentSchema = z.object({ ...passed, ...optional });
export type DataOpsEnvironment = z.output<typeof dataOpsEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type DataOpsVariables = Readonly<Record<keyof typeof passed, string>>;

export const parseDataOpsEnvironment = (variables: Readonly<Record<string, string | undefined>>): DataOpsEnvironment =>
  parseEnvironment('data-ops', dataOpsEnvironmentSchema, variables);
