/** The three functions behind the story API: what each is told, and what each may do. */
import type { Construct } from 'constructs';
import { ImageFunction } from '../../modules/functions/image-function';
import { grantInvokeModels } from '../../modules/iam/bedrock';
import type { DataOpsVariables } from '../../services/story-42/data-ops/environment';
import type { ImageVariables } from '../../services/story-42/story-image-regen/environment';
import type { TextVariables } from '../../services/story-42/story-text-regen/environment';
import type { Foundation } from './foundation';

const STORIES = 'stories/';
export const IMAGES = 'images/';

export interface Functions {
  readonly text: ImageFunction;
  readonly image: ImageFunction;
  readonly data: ImageFunction;
}

export function storyFunctions(
  scope: Construct,
  { settings, naming, place, sessions, objects, googleKey, repositories }: Foundation,
  images: Readonly<Record<string, string>>,
): Functions {
  const { modelId, imageModelId, googleApiBaseUrl, logRetentionDays } = settings;
  const common = { naming, ...place, logRetentionDays };
  const stores = {
    SESSIONS_TABLE: sessions.name,
    IMAGES_BUCKET: objects.name,
  };

  const imageVariables: ImageVariables = {
    ...stores,
    GOOGLE_API_KEY_SECRET_ARN: googleKey.arn,
    GOOGLE_API_BASE_URL: googleApiBaseUrl,
    IMAGE_MODEL_ID: imageModelId,
  };
  const image = new ImageFunction(scope, 'image-function', {
    ...common,
    part: 'story-image-regen',
    description: 'Draws the images of stories',
    repository: repositories.image,
    imageDigest: images['story-image-regen'] ?? '',
    environment: imageVariables,
  });
  googleKey.grantRead(image.role);
  sessions.grant(image.role, ['GetItem', 'PutItem', 'UpdateItem']);
  objects.grantRead(image.role, IMAGES);
  objects.grantWrite(image.role, IMAGES);
  objects.grantDelete(image.role, IMAGES);
  image.allowSelfInvoke();

  const textVariables: TextVariables = {
    ...stores,
    BEDROCK_MODEL_ID: modelId,
    IMAGE_FUNCTION_NAME: image.name,
    LOG_LEVEL: 'info',
  };
  const text = new ImageFunction(scope, 'text-function', {
    ...common,
    part: 'story-text-regen',
    description: 'Writes topics, outlines and stories',
    repository: repositories.text,
    imageDigest: images['story-text-regen'] ?? '',
    environment: textVariables,
  });
  grantInvokeModels(text.role, [modelId], place);
  sessions.grant(text.role, ['GetItem', 'PutItem', 'UpdateItem', 'Query']);
  objects.grantRead(text.role, STORIES, IMAGES);
  objects.grantWrite(text.role, STORIES);
  text.allowSelfInvoke();
  image.grantInvoke(text.role);

  const dataVariables: DataOpsVariables = stores;
  const data = new ImageFunction(scope, 'data-function', {
    ...common,
    part: 'data-ops',
    description: 'Lists, reads, saves and deletes sessions',
    memoryMiB: 512,
    timeoutSeconds: 30,
    repository: repositories.data,
    imageDigest: images['data-ops'] ?? '',
    environment: dataVariables,
  });
  sessions.grant(data.role, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']);
  objects.grantList(data.role);
  objects.grantRead(data.role);
  // An edit writes story.json anew, and long texts beside it.
  objects.grantWrite(data.role, STORIES);
  objects.grantDelete(data.role);
  return { text, image, data };
}
