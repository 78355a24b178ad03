/** From Lambda's event to the migrations. Errors go to the caller as they are: operators call this, nobody else. */
import * as z from 'zod/mini';
import { errorFields, type Logger } from '../../common/logger';
import type { Database } from '../common/database';
import { validated } from '../common/errors';
import type { LambdaContext } from '../common/logging';
import { migrate, type Migrated } from './migrate';
import { migrations } from './migrations';

const inputSchema = z.strictObject({ dryRun: z.optional(z.boolean('dryRun must be true or false')) });

export interface DbInitOptions {
  readonly logger: Logger;
  readonly database: Pick<Database, 'session'>;
}

export function createHandler({ logger, database }: DbInitOptions) {
  return async (event: unknown, { awsRequestId }: LambdaContext): Promise<Migrated> => {
    const request = { requestId: awsRequestId };
    try {
      const { dryRun = false } = validated(inputSchema, event ?? {});
      const migrated = await migrate(database, migrations, { dryRun });
      logger.info({ ...request, ...migrated }, 'migrations');
      return migrated;
    } catch (error) {
      logger.error({ ...request, ...errorFields(error, { stack: true }) }, 'migrations');
      throw error;
    }
  };
}
