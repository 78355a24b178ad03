/** Environment variables that several functions read. Their stack imports this: nothing but zod in here. */
import * as z from 'zod/mini';

export const required = (what: string) => z.string(`${what} is required`).check(z.minLength(1, `${what} is empty`));

export const buildsTable = required('the name of the builds table');
export const connectionsTable = required('the name of the connections table');
export const conversationsTable = required('the name of the conversations table');
export const artifactsBucket = required('the name of the artifacts bucket');

/** Every function is told both. */
export const commonVariables = {
  /** `dev`: a label of every log line. */
  ENVIRONMENT: required('the name of the environment'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
};
