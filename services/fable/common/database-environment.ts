/** Environment variables of functions that use the database. Their stack imports this: nothing but zod in here. */
import * as z from 'zod/mini';
import { required } from './environment';

export const databaseVariables = {
  AURORA_SECRET_ARN: required('the ARN of the database secret'),
  AURORA_ENDPOINT: required('the host of the database'),
  AURORA_PORT: z
    .string('the port of the database is required')
    .check(z.regex(/^[1-9][0-9]{0,4}$/, 'the port of the database must be a number')),
  AURORA_DATABASE: required('the name of the database'),
};

/** The stack may leave these out. */
export const optionalDatabaseVariables = {
  /** libpq's own name and words. A Postgres without TLS, such as a local one, needs `disable`. */
  PGSSLMODE: z._default(z.enum(['verify-full', 'disable']), 'verify-full'),
};

export const embeddingModelId = required('the id of the embedding model');
