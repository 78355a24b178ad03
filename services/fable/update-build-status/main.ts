/** Entry of update-build-status: the last state of every pipeline, and the target of its rule for executions cut short. */
import { errorFields } from '../../common/logger';
import { BuildStore } from '../common/build-store';
import { createTableClient } from '../common/clients';
import { ConnectionStore } from '../common/connections';
import { ConversationStore } from '../common/conversations';
import { createFunctionLogger, type LambdaContext } from '../common/logging';
import { createManagementClient, Pusher } from '../common/push';
import { endBuild } from './end-of-build';
import { parseUpdateBuildStatusEnvironment } from './environment';

const environment = parseUpdateBuildStatusEnvironment(process.env);
const logger = createFunctionLogger('update-build-status', environment);
const client = createTableClient();
const connections = new ConnectionStore(client, environment.CONNECTIONS_TABLE);
const options = {
  builds: new BuildStore(client, environment.BUILDS_TABLE),
  conversations: new ConversationStore({ client, table: environment.CONVERSATIONS_TABLE }),
  connections,
  pusher: new Pusher({ client: createManagementClient(environment.WEBSOCKET_MANAGEMENT_URL), connections }),
};

export async function handler(event: unknown, { awsRequestId }: LambdaContext): Promise<object> {
  const log = logger.child({ requestId: awsRequestId });
  try {
    return await endBuild({ ...options, logger: log }, event);
  } catch (error) {
    log.error(errorFields(error), 'the end of a build was not recorded');
    throw error;
  }
}
