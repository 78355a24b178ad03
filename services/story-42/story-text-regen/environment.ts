/**
 * The text function's environment variables: parsed once at start, and imported by the stack that sets them. Keep this
 * file free of anything but zod.
 */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { imagesBucket, logLevel, optionalVariables, required, sessionsTable } from '../common/environment';

/** Set by the stack, every one of them, in every environment. */
const passed = {
  BEDROCK_MODEL_ID: required('a Bedrock model id'),
  SESSIONS_TABLE: sessionsTable,
  IMAGES_BUCKET: imagesBucket,
  /** Makes the images of `"with_images": true`. */
  IMAGE_FUNCTION_NAME: required('the name of the image function'),
  LOG_LEVEL: logLevel,
};

export const textEnvironmentSchema = z.object({ ...passed, ...optionalVariables });
export type TextEnvironment = z.output<typeof textEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type TextVariables = Readonly<Record<keyof typeof passed, string>>;

export const parseTextEnvironment = (variables: Readonly<Record<string, string | undefined>>): TextEnvironment =>
  parseEnvironment('story-text-regen', textEnvironmentSchema, variables);
