/** Entry of the first tool Lambda: stores, finds and relates memories. */
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createEmbed } from '../common/embeddings';
import { createFunctionLogger } from '../common/logging';
import { MemoryStore } from '../common/memories';
import { openDatabase } from '../common/open-database';
import { parseToolMemoryEnvironment } from './environment';
import { createHandler } from './tool';

const environment = parseToolMemoryEnvironment(process.env);
const bedrock = new BedrockRuntimeClient({
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000, requestTimeout: 8_000, throwOnRequestTimeout: true }),
});

export const handler = createHandler({
  logger: createFunctionLogger('tool-memory', environment),
  memories: new MemoryStore(openDatabase(environment, { patienceMilliseconds: 15_000, statementMilliseconds: 10_000 })),
  embed: createEmbed(bedrock, environment.EMBEDDING_MODEL_ID),
});
