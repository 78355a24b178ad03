/** Entry of kickoff: starts build pipelines. Invoked by the chat and by the MCP gateway. */
import { SFNClient } from '@aws-sdk/client-sfn';
import { BuildStore } from '../common/build-store';
import { clientTimes, createBucketClient, createTableClient } from '../common/clients';
import { createFunctionLogger, type LambdaContext } from '../common/logging';
import { parseBuildKickoffEnvironment } from './environment';
import { Kickoff } from './kickoff';
import { Pipeline } from './pipeline';

const environment = parseBuildKickoffEnvironment(process.env);
const logger = createFunctionLogger('build-kickoff', environment);
const store = new BuildStore(createTableClient(), environment.BUILDS_TABLE);
const pipeline = new Pipeline({
  states: new SFNClient({ maxAttempts: 4, requestHandler: clientTimes }),
  objects: createBucketClient(),
  stateMachineArn: environment.STATE_MACHINE_ARN,
  bucket: environment.ARTIFACTS_BUCKET,
});

export const handler = (event: unknown, { awsRequestId }: LambdaContext) =>
  new Kickoff({ store, pipeline, logger: logger.child({ requestId: awsRequestId }) }).handle(event);
