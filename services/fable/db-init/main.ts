/** Entry of db-init: brings the database's schema to the newest version. */
import { createFunctionLogger } from '../common/logging';
import { openDatabase } from '../common/open-database';
import { parseDbInitEnvironment } from './environment';
import { createHandler } from './handler';

const environment = parseDbInitEnvironment(process.env);

export const handler = createHandler({
  logger: createFunctionLogger('db-init', environment),
  // Aurora may have to wake up first; an index over many rows takes its time.
  database: openDatabase(environment, { patienceMilliseconds: 60_000, statementMilliseconds: 55_000 }),
});
