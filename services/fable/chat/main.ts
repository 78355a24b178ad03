/** Entry of the chat, behind the WebSocket API's `$default` route. */
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { BedrockProvider } from '../../common/bedrock/bedrock-provider';
import { createTableClient } from '../common/clients';
import { ConnectionStore } from '../common/connections';
import { ConversationStore } from '../common/conversations';
import { createEmbed } from '../common/embeddings';
import { FunctionInvoker, Kickoff } from '../common/functions';
import { createFunctionLogger } from '../common/logging';
import { MemoryStore } from '../common/memories';
import { openDatabase } from '../common/open-database';
import { createManagementClient, Pusher } from '../common/push';
import { parseChatEnvironment } from './environment';
import { createHandler, type SocketEvent } from './handler';

const environment = parseChatEnvironment(process.env);
const tables = createTableClient();
const connections = new ConnectionStore(tables, environment.CONNECTIONS_TABLE);
const bedrock = new BedrockRuntimeClient({
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000 }),
});

/** One for each address: a stage has one, unless a domain name of its own leads to it, too. */
const pushers = new Map<string, Pusher>();
function pusherFor({ requestContext: { domainName, stage } }: SocketEvent): Pusher {
  const url = environment.WEBSOCKET_MANAGEMENT_URL ?? `https://${domainName}/${stage}`;
  const pusher = pushers.get(url) ?? new Pusher({ client: createManagementClient(url), connections });
  pushers.set(url, pusher);
  return pusher;
}

export const handler = createHandler({
  logger: createFunctionLogger('chat', environment),
  connections,
  conversations: new ConversationStore({ client: tables, table: environment.CONVERSATIONS_TABLE }),
  memories: new MemoryStore(openDatabase(environment, { patienceMilliseconds: 3_500, statementMilliseconds: 4_000 })),
  embed: createEmbed(bedrock, environment.EMBEDDING_MODEL_ID),
  ai: new BedrockProvider(bedrock),
  modelId: environment.CHAT_MODEL_ID,
  kickoff: new Kickoff(new FunctionInvoker(), environment.BUILD_KICKOFF_FUNCTION),
  pusher: pusherFor,
});
