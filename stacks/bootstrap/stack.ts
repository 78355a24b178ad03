/**
 * The state back end of one environment's account, made before any other stack: `./sluice bootstrap <env>`. Its own
 * state is a local file at first and then lives in the bucket that it made.
 */
import type { Construct } from 'constructs';
import { stateBucketName, stateLockTableName, type CommonSettings } from '../../environments/schema';
import { StateStorage } from '../../modules/state/state-storage';
import { SluiceStack, type StackContext } from '../base';

export const BOOTSTRAP = 'bootstrap';

export type BootstrapBackend = 'local' | 's3';

export class BootstrapStack extends SluiceStack {
  constructor(
    scope: Construct,
    context: StackContext,
    {
      region,
      stateBackend,
      protected: deletionProtection,
    }: Pick<CommonSettings, 'region' | 'stateBackend' | 'protected'>,
    backend: BootstrapBackend,
  ) {
    super(scope, {
      context,
      settings: { project: 'sluice', region, stateBackend, tags: {} },
      localState: backend === 'local' ? 'bootstrap.tfstate' : undefined,
    });
    const { account } = context;
    const storage = new StateStorage(this, 'state', {
      bucketName: stateBucketName(account),
      lockTableName: stateBackend.lock === 'dynamodb' ? stateLockTableName(account) : undefined,
      deletionProtection,
    });
    this.output('state_bucket', 'Bucket that holds the states of this environment', storage.bucket.bucket);
  }
}
