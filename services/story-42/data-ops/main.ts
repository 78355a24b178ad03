/** Entry of the data function: lists, reads, edits and deletes sessions. */
import { createLogger } from '../../common/logger';
import { createHandler } from '../common/lambda';
import { createStores } from '../common/stores';
import { versionOf } from '../common/version';
import { parseDataOpsEnvironment } from './environment';
import { deleteAction, getAction, listAction, putAction, type DataContext } from './sessions';

const service = 'data-ops';
const environment = parseDataOpsEnvironment(process.env);
const version = versionOf(environment.RELEASE);
const logger = createLogger({ service, version, level: environment.LOG_LEVEL });

const { store, objects } = createStores(environment);
const context: DataContext = { store, objects };

export const handler = createHandler({
  service,
  version,
  logger,
  store,
  actions: {
    'list-sessions': listAction(context),
    'get-session': getAction(context),
    'put-session': putAction(context),
    'delete-session': deleteAction(context),
  },
});
