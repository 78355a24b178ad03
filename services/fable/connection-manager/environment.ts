/**
 * The connection manager's environment variables: parsed once at start, and imported by the stack that sets them. Keep this
 * file free of anything but zod.
 */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { commonVariables, connectionsTable } from '../common/environment';

export const connectionManagerEnvironmentSchema = z.object({ ...commonVariables, CONNECTIONS_TABLE: connectionsTable });
export type ConnectionManagerEnvironment = z.output<typeof connectionManagerEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type ConnectionManagerVariables = Readonly<Record<keyof ConnectionManagerEnvironment, string>>;

export const parseConnectionManagerEnvironment = (
  variables: Readonly<Record<string, string | undefined>>,
): ConnectionManagerEnvironment =>
  parseEnvironment('connection-manager', connectionManagerEnvironmentSchema, variables);
