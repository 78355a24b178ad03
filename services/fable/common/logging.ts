/** The log of a function, and as much of Lambda's context as our functions use. */
import { createLogger, type Logger } from '../../common/logger';

/** Put in by the bundler. */
declare const __VERSION__: string | undefined;
export const functionVersion = typeof __VERSION__ === 'string' ? __VERSION__ : 'dev';

export interface LambdaContext {
  readonly awsRequestId: string;
}

export const createFunctionLogger = (
  service: string,
  { ENVIRONMENT, LOG_LEVEL }: { readonly ENVIRONMENT: string; readonly LOG_LEVEL: string },
): Logger =>
  createLogger({ service, version: functionVersion, level: LOG_LEVEL }).child({
    environment: ENVIRONMENT,
  });
