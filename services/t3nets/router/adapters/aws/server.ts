/** The router wired to AWS: one client per service, made once; credentials and endpoints are the SDK's own business. */
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { FastifyInstance } from 'fastify';
import { BedrockProvider } from '../../../../common/bedrock/bedrock-provider';
import { Drainer } from '../../../../common/drain';
import { addRoutes, createApp, listen } from '../../../../common/http-server/app';
import type { Logger } from '../../../../common/logger';
import { Agent } from '../../agent/agent';
import type { Skill } from '../../agent/skills';
import type { RouterEnvironment } from '../../environment';
import { adminRoutes } from '../http/admin-routes';
import { Authorizer } from '../http/auth';
import { errorAnswer } from '../http/errors';
import { publicRoutes } from '../http/routes';
import { DynamoDBConversationStore } from './dynamodb-conversation-store';
import { DynamoDBTenantStore } from './dynamodb-tenant-store';
import { SecretsManagerProvider } from './secrets-manager';

export interface RouterOptions {
  readonly environment: RouterEnvironment;
  readonly version: string;
  readonly skills: readonly Skill[];
  readonly logger: Logger;
}

export interface Router {
  readonly app: FastifyInstance;
  readonly drainer: Drainer;
  /** Listens on every address, IPv6 included where there is any. Resolves with the port. */
  listen(): Promise<number>;
}

/** Of one attempt; a request as a whole has 25 s. */
const TABLE_HANDLER = { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
const MODEL_TIMES = { connectionTimeout: 2_000, requestTimeout: 24_000, throwOnRequestTimeout: true };

/** An HTTP API waits 30 s for its integration and a load balancer keeps an idle connection for 60 s. */
export const routerApp = {
  health: { status: 'ok' },
  answerTo: errorAnswer,
  requestMilliseconds: 25_000,
  keepAliveMilliseconds: 65_000,
  bodyBytes: 256 * 1024,
} as const;

export function createRouter({ environment, version, skills, logger }: RouterOptions): Router {
  const region = environment.AWS_REGION;
  const model = environment.BEDROCK_MODEL_ID;
  const dynamodb = DynamoDBDocumentClient.from(
    new DynamoDBClient({ region, maxAttempts: 3, requestHandler: TABLE_HANDLER }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  const secretsManager = new SecretsManagerClient({ region, maxAttempts: 3, requestHandler: TABLE_HANDLER });
  // Its adapter does the trying again.
  // The SDK would speak HTTP/2 here, which Converse does not need and a proxy on the way may not know.
  const requestHandler = new NodeHttpHandler(MODEL_TIMES);
  const bedrock = new BedrockRuntimeClient({ region, maxAttempts: 1, requestHandler });

  const conversations = new DynamoDBConversationStore({
    client: dynamodb,
    tableName: environment.DYNAMODB_CONVERSATIONS_TABLE,
  });
  const tenants = new DynamoDBTenantStore({ client: dynamodb, tableName: environment.DYNAMODB_TENANTS_TABLE });
  const secrets = new SecretsManagerProvider({ client: secretsManager, prefix: environment.SECRETS_PREFIX });
  const agent = new Agent({
    ai: new BedrockProvider(bedrock),
    models: {
      reasoning: model,
      conversation: environment.BEDROCK_CONVERSATION_MODEL_ID ?? model,
      formatting: environment.BEDROCK_FORMATTING_MODEL_ID ?? model,
    },
    conversations,
    tenants,
    secrets,
    skills,
    log: logger,
  });
  const authorizer = new Authorizer({
    secrets,
    tenants,
    defaultTenantRequiresKey: environment.DEFAULT_TENANT_REQUIRES_KEY,
  });
  const about = { env: environment.T3NETS_ENV, version, region, model };

  const drainer = new Drainer();
  const app = createApp({ ...routerApp, logger, drainer });
  addRoutes(app, publicRoutes({ agent, authorizer, conversations, tenants, secrets, logger, about }));
  addRoutes(app, adminRoutes({ authorizer, tenants, secrets }));
  return { app, drainer, listen: () => listen(app, environment.PORT) };
}
