/**
 * The image function's environment variables: parsed once at start, and imported by the stack that sets them. Keep this
 * file free of anything but zod.
 */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { httpUrl, imagesBucket, logLevel, optionalVariables, required, sessionsTable } from '../common/environment';

/** Set by the stack, every one of them, in every environment. */
const passed = {
  GOOGLE_API_KEY_SECRET_ARN: required('the ARN of the secret that holds the Google API key'),
  GOOGLE_API_BASE_URL: httpUrl('the address of the Google API'),
  /** `imagen-...` or a Gemini model that draws. */
  IMAGE_MODEL_ID: required('the id of an image model'),
  SESSIONS_TABLE: sessionsTable,
  IMAGES_BUCKET: imagesBucket,
};

const optional = { LOG_LEVEL: logLevel, ...optionalVariables };

export const imageEnvironmentSchema = z.object({ ...passed, ...optional });
export type ImageEnvironment = z.output<typeof imageEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type ImageVariables = Readonly<Record<keyof typeof passed, string>>;

export const parseImageEnvironment = (variables: Readonly<Record<string, string | undefined>>): ImageEnvironment =>
  parseEnvironment('story-image-regen', imageEnvironmentSchema, variables);
