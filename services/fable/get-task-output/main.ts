/** Entry of get-task-output: the state machine's way to what a container has left in S3. */
import { errorFields } from '../../common/logger';
import { createBucketClient } from '../common/clients';
import { createFunctionLogger, type LambdaContext } from '../common/logging';
import { parseGetTaskOutputEnvironment } from './environment';
import { getTaskOutput } from './output';

const environment = parseGetTaskOutputEnvironment(process.env);
const logger = createFunctionLogger('get-task-output', environment);
const options = { client: createBucketClient(), bucket: environment.ARTIFACTS_BUCKET };

export async function handler(
  event: { readonly buildId?: unknown; readonly phase?: unknown },
  { awsRequestId }: LambdaContext,
): Promise<object> {
  const log = logger.child({ requestId: awsRequestId, buildId: event.buildId, phase: event.phase });
  try {
    const output = await getTaskOutput(options, event);
    log.info({ carried: !('outputKey' in output) }, 'output read');
    return output;
  } catch (error) {
    log.error(errorFields(error), 'no output');
    throw error;
  }
}
