/** The agent wired to AWS and to the services outside: one client each, made once. */
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { FastifyInstance } from 'fastify';
import { BedrockProvider } from '../../common/bedrock/bedrock-provider';
import { Drainer } from '../../common/drain';
import { HttpClient } from '../../common/http-client';
import { addRoutes, createApp, listen } from '../../common/http-server/app';
import type { Logger } from '../../common/logger';
import { SecretValue } from '../../common/secret-value';
import { createBucketClient, createPresigner, createTableClient } from '../common/clients';
import { FunctionInvoker } from '../common/invoker';
import { StoryObjects } from '../common/objects';
import { SessionStore } from '../common/session-store';
import { Agent } from './agent/agent';
import { ConversationStore } from './agent/conversation';
import type { AgentEnvironment } from './environment';
import { errorAnswer } from './http/errors';
import { TokenVerifier } from './http/identity';
import { agentRoutes } from './http/routes';
import { Speaker, SPEECH_BYTES, SPEECH_MILLISECONDS } from './speech';
import { regenerateImage, regenerateText, saveSession } from './tools/functions';
import { loadSession, saveObject } from './tools/storage';
import { storyApi } from './tools/story-api';
import { textToSpeech } from './tools/text-to-speech';
import { SEARCH_MILLISECONDS, webSearch } from './tools/web-search';

export const SERVICE = 'story-42-agent';

/** Below the 120 s after which the load balancer gives up a silent connection. */
const REQUEST_MILLISECONDS = 110_000;
const KEEP_ALIVE_MILLISECONDS = 125_000;
const BODY_BYTES = 64 * 1024;
/** Time for what is under way when the container is to stop: of 25 s, the last three are for saying goodbye. */
export const DRAIN_MILLISECONDS = 24_500;
const STOP_WORK_MILLISECONDS = 22_000;
/** A stream may think for long between two parts, and its end is bounded by the message's. */
const MODEL_TIMES = { connectionTimeout: 2_000, requestTimeout: 90_000, throwOnRequestTimeout: true };
const SECRET_TIMES = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
/** A key that was changed is taken up within this time. */
const KEY_MILLISECONDS = 5 * 60_000;

export interface StoryAgent {
  readonly app: FastifyInstance;
  readonly underWay: () => number;
  /** Resolves with the port. */
  listen(): Promise<number>;
  /** Lets what is under way finish, ends the rest with an error that says so. Resolves with how many were cut off. */
  stop(): Promise<number>;
}

export interface StoryAgentOptions {
  readonly environment: AgentEnvironment;
  readonly version: string;
  readonly logger: Logger;
}

export function createStoryAgent({ environment, version, logger }: StoryAgentOptions): StoryAgent {
  const region = environment.AWS_REGION;
  // The SDK would speak HTTP/2 here, which a proxy on the way may not know. The provider does the trying again.
  const requestHandler = new NodeHttpHandler(MODEL_TIMES);
  const bedrock = new BedrockRuntimeClient({ region, maxAttempts: 1, requestHandler });
  const table = createTableClient();
  const bucket = createBucketClient();
  const objects = new StoryObjects({
    client: bucket,
    bucket: environment.IMAGES_BUCKET,
    presigner: createPresigner(environment.S3_PUBLIC_ENDPOINT, bucket),
  });
  const sessions = new SessionStore({ client: table, table: environment.SESSIONS_TABLE, objects });
  const conversations = new ConversationStore({ client: table, tableName: environment.SESSIONS_TABLE });
  const invoker = new FunctionInvoker();
  const speaker = new Speaker({
    client: new HttpClient({
      baseUrl: environment.TTS_API_BASE_URL,
      timeoutMilliseconds: SPEECH_MILLISECONDS,
      tries: 2,
      maxBytes: SPEECH_BYTES,
    }),
    apiKey: new SecretValue({
      client: new SecretsManagerClient({ region, maxAttempts: 3, requestHandler: SECRET_TIMES }),
      secretId: environment.TTS_API_KEY_SECRET_ARN,
      what: 'the key of the speech service',
      lifetimeMilliseconds: KEY_MILLISECONDS,
    }),
    sessions,
    objects,
  });
  const functionTool = (functionName: string) => ({ invoker, functionName });
  const tools = [
    storyApi({ client: new HttpClient({ baseUrl: environment.STORY_API_URL, timeoutMilliseconds: 30_000 }) }),
    webSearch({
      client: new HttpClient({
        baseUrl: environment.SEARCH_BASE_URL,
        timeoutMilliseconds: SEARCH_MILLISECONDS / 2,
        tries: 2,
      }),
      baseUrl: environment.SEARCH_BASE_URL,
      userAgent: `Mozilla/5.0 (compatible; ${SERVICE}/${version})`,
    }),
    regenerateText(functionTool(environment.TEXT_FUNCTION_NAME)),
    regenerateImage(functionTool(environment.IMAGE_FUNCTION_NAME)),
    loadSession(sessions),
    saveSession(functionTool(environment.DATA_FUNCTION_NAME)),
    saveObject({ sessions, objects }),
    textToSpeech(speaker),
  ];
  const agent = new Agent({
    ai: new BedrockProvider(bedrock),
    modelId: environment.BEDROCK_MODEL_ID,
    conversations,
    sessions,
    objects,
    tools,
  });
  const verifier = new TokenVerifier({
    region,
    userPoolId: environment.COGNITO_USER_POOL_ID,
    clientId: environment.COGNITO_CLIENT_ID,
    jwksUrl: environment.COGNITO_JWKS_URL,
  });

  const drainer = new Drainer();
  const stopping = new AbortController();
  const app = createApp({
    logger,
    drainer,
    health: { status: 'ok', service: SERVICE, version },
    answerTo: errorAnswer,
    requestMilliseconds: REQUEST_MILLISECONDS,
    keepAliveMilliseconds: KEEP_ALIVE_MILLISECONDS,
    bodyBytes: BODY_BYTES,
    outcomes: true,
    stopping: stopping.signal,
  });
  addRoutes(app, agentRoutes({ agent, verifier, speaker, logger, version, stopping: stopping.signal }));

  return {
    app,
    underWay: () => drainer.underWay,
    listen: () => listen(app, environment.PORT),
    stop: async () => {
      const timer = setTimeout(() => stopping.abort(new Error('the agent is stopping')), STOP_WORK_MILLISECONDS);
      const { abandoned } = await drainer.drain({ limitMilliseconds: DRAIN_MILLISECONDS });
      clearTimeout(timer);
      return abandoned;
    },
  };
}
