/** Entry of the text function: topics, outlines, stories and single segments, by a model on Bedrock. */
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { BedrockProvider } from '../../common/bedrock/bedrock-provider';
import { createLogger } from '../../common/logger';
import { FunctionInvoker } from '../common/invoker';
import { createHandler } from '../common/lambda';
import { createStores } from '../common/stores';
import { versionOf } from '../common/version';
import type { TextContext } from './context';
import { parseTextEnvironment } from './environment';
import { outlineAction } from './outline';
import { segmentAction } from './segment';
import { storyAction } from './story';
import { topicsAction } from './topics';

const service = 'story-text-regen';
const environment = parseTextEnvironment(process.env);
const version = versionOf(environment.RELEASE);
const logger = createLogger({ service, version, level: environment.LOG_LEVEL });

// The provider does the trying again. A long answer comes at once, after minutes of silence: the request's own time bounds it.
const bedrock = new BedrockRuntimeClient({
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000 }),
});
const { store, objects } = createStores(environment);
const invoker = new FunctionInvoker();
const context: TextContext = {
  model: { ai: new BedrockProvider(bedrock), modelId: environment.BEDROCK_MODEL_ID },
  store,
  objects,
  invoker,
  imageFunctionName: environment.IMAGE_FUNCTION_NAME,
};

export const handler = createHandler({
  service,
  version,
  logger,
  store,
  invokeSelf: (functionName, call) => invoker.start(functionName, call),
  actions: {
    'generate-topics-ideas': topicsAction(context),
    'generate-story-outline': outlineAction(context),
    'generate-story': storyAction(context),
    'regenerate-segment': segmentAction(context),
  },
});
