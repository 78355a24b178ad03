/** The chat's environment variables: parsed once at start, and imported by the stack that sets them. Nothing but zod in here. */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { databaseVariables, embeddingModelId, optionalDatabaseVariables } from '../common/database-environment';
import { commonVariables, connectionsTable, conversationsTable, required } from '../common/environment';

/** Set by the stack, every one of them, in every environment. */
const passed = {
  ...commonVariables,
  ...databaseVariables,
  CONVERSATIONS_TABLE: conversationsTable,
  CONNECTIONS_TABLE: connectionsTable,
  BUILD_KICKOFF_FUNCTION: required('the name of the kickoff function'),
  CHAT_MODEL_ID: required('the id of the chat model'),
  EMBEDDING_MODEL_ID: embeddingModelId,
};

const optional = {
  ...optionalDatabaseVariables,
  /** Where `@connections` is reached. @default - the address under which the frame came in */
  WEBSOCKET_MANAGEMENT_URL: z.optional(
    z.string().check(z.regex(/^https?:\/\/[^\s?#]+$/, 'the management URL must be an address')),
  ),
};

const chatEnvironmentSchema = z.object({ ...passed, ...optional });
export type ChatEnvironment = z.output<typeof chatEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type ChatVariables = Readonly<Record<keyof typeof passed, string>>;

export const parseChatEnvironment = (variables: Readonly<Record<string, string | undefined>>): ChatEnvironment =>
  parseEnvironment('chat', chatEnvironmentSchema, variables);
