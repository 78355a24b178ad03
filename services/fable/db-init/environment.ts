/** db-init's environment variables: parsed once at start, and imported by the stack that sets them. Nothing but zod in here. */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { databaseVariables, optionalDatabaseVariables } from '../common/database-environment';
import { commonVariables } from '../common/environment';

/** Set by the stack, every one of them, in every environment. */
const passed = { ...commonVariables, ...databaseVariables };

const dbInitEnvironmentSchema = z.object({ ...passed, ...optionalDatabaseVariables });
export type DbInitEnvironment = z.output<typeof dbInitEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type DbInitVariables = Readonly<Record<keyof typeof passed, string>>;

export const parseDbInitEnvironment = (variables: Readonly<Record<string, string | undefined>>): DbInitEnvironment =>
  parseEnvironment('db-init', dbInitEnvironmentSchema, variables);
