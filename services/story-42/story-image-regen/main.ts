/** Entry of the image function: pictures for stories and for single segments, by Google's generative API. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createLogger } from '../../common/logger';
import { SecretValue } from '../../common/secret-value';
import { FunctionInvoker } from '../common/invoker';
import { createHandler } from '../common/lambda';
import { createStores } from '../common/stores';
import { versionOf } from '../common/version';
import { parseImageEnvironment } from './environment';
import { GoogleImages } from './google-images';
import { imageAction, imagesAction } from './images';
import type { ImageContext } from './picture';

const service = 'story-image-regen';
const environment = parseImageEnvironment(process.env);
const version = versionOf(environment.RELEASE);
const logger = createLogger({ service, version, level: environment.LOG_LEVEL });

const { store, objects } = createStores(environment, { texts: false });
const key = new SecretValue({
  client: new SecretsManagerClient({ maxAttempts: 3 }),
  secretId: environment.GOOGLE_API_KEY_SECRET_ARN,
  what: 'the Google API key',
});
const invoker = new FunctionInvoker();
const google = new GoogleImages({
  baseUrl: environment.GOOGLE_API_BASE_URL,
  modelId: environment.IMAGE_MODEL_ID,
  key,
});
const context: ImageContext = { google, store, objects };

export const handler = createHandler({
  service,
  version,
  logger,
  store,
  invokeSelf: (functionName, call) => invoker.start(functionName, call),
  actions: {
    'generate-story-image': imagesAction(context),
    'regenerate-segment-image': imageAction(context),
  },
});
