/**
 * The environment variables of update-build-status: parsed once at start, and imported by the stack that sets them. Keep
 * this file free of anything but zod.
 */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { buildsTable, commonVariables, connectionsTable, conversationsTable } from '../common/environment';

export const updateBuildStatusEnvironmentSchema = z.object({
  ...commonVariables,
  BUILDS_TABLE: buildsTable,
  CONVERSATIONS_TABLE: conversationsTable,
  CONNECTIONS_TABLE: connectionsTable,
  WEBSOCKET_MANAGEMENT_URL: z
    .string("the WebSocket API's management address is required")
    .check(
      z.regex(
        /^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/,
        'the management address must be one such as "https://<api-id>.execute-api.us-west-2.amazonaws.com/dev"',
      ),
    ),
});
export type UpdateBuildStatusEnvironment = z.output<typeof updateBuildStatusEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type UpdateBuildStatusVariables = Readonly<Record<keyof UpdateBuildStatusEnvironment, string>>;

export const parseUpdateBuildStatusEnvironment = (
  variables: Readonly<Record<string, string | undefined>>,
): UpdateBuildStatusEnvironment =>
  parseEnvironment('update-build-status', updateBuildStatusEnvironmentSchema, variables);
