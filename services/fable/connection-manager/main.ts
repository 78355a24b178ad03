/** Entry of the connection manager: the routes `$connect` and `$disconnect` of the WebSocket API. */
import { createTableClient } from '../common/clients';
import { ConnectionStore } from '../common/connections';
import { createFunctionLogger, type LambdaContext } from '../common/logging';
import { parseConnectionManagerEnvironment } from './environment';
import { handleLifeCycle, type LifeCycleEvent } from './life-cycle';

const environment = parseConnectionManagerEnvironment(process.env);
const logger = createFunctionLogger('connection-manager', environment);
const connections = new ConnectionStore(createTableClient(), environment.CONNECTIONS_TABLE);

export const handler = (event: LifeCycleEvent, { awsRequestId }: LambdaContext) =>
  handleLifeCycle({ connections, logger: logger.child({ requestId: awsRequestId }) }, event);
