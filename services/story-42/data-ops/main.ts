/** Entry of the data function: lists, reads, edits and deletes sessions. */
import { createLogger } from '../../common/logger';
import { createBucketClient, createPresigner, createTableClient } from '../common/clients';
import { createHandler } from '../common/lambda';
import { StoryObjects } from '../common/objects';
import { SessionStore } from '../common/session-store';
import { versionOf } from '../common/version';
import { parseDataOpsEnvironment } from './environment';
import { deleteAction, getAction, listAction, putAction, type DataContext } from './sessions';

const service = 'data-ops';
const environment = parseDataOpsEnvironment(process.env);
const version = versionOf(environment.RELEASE);
const logger = createLogger({ service, version, level: environment.LOG_LEVEL });

const bucket = createBucketClient();
const objects = new StoryObjects({
  client: bucket,
  bucket: environment.IMAGES_BUCKET,
  presigner: createPresigner(environment.S3_PUBLIC_ENDPOINT, bucket),
});
const store = new SessionStore({ client: createTableClient(), table: environment.SESSIONS_TABLE, objects });
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
