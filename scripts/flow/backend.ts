/**
 * The state back end of an environment's account. Its own stack is applied with a local state first, which then moves
 * into the bucket that it made; killed anywhere between, the next run goes on from what it finds.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { stateBucketName, stateRegion } from '../../environments/schema';
import { requireConsent } from '../console/ask';
import { UserError } from '../console/errors';
import { openStack, type Connection } from '../session/connect';
import type { Session } from '../session/session';
import { synthesise } from '../session/synth';
import { describePlan } from '../terraform/plan';
import type { Stack } from '../terraform/stack';
import type { Engine } from '../toolchain/index';

export async function ensureStateBackend(session: Session, connection: Connection, engine: Engine): Promise<void> {
  if (await bucketExists(session, connection)) return;
  if (session.target === 'aws') {
    throw new UserError(`Account ${session.account} has no state bucket ${stateBucketName(session.account)}.`, {
      remedy: `./sluice bootstrap ${session.environment} --target aws`,
    });
  }
  await session.reporter.step(`bootstrap the state back end of ${session.environment}`, () =>
    bootstrap(session, connection, engine),
  );
}

/** Makes or updates the back end; a second run changes nothing. */
export async function bootstrap(
  session: Session,
  connection: Connection,
  engine: Engine,
): Promise<{ changes: number; bucket: string }> {
  const name = `bootstrap-${session.environment}`;
  const stack = openStack(session, connection, engine, name);
  const localState = join(stack.folder, 'bootstrap.tfstate');
  const inBucket = (await bucketExists(session, connection)) && !existsSync(localState);
  await synthesiseBootstrap(session, name, inBucket ? 's3' : 'local');
  await stack.settle();
  forgetBackend(stack);
  await stack.init();
  const plan = await stack.plan();
  describePlan(plan).forEach((line) => session.reporter.info(`  ${line}`));
  if (plan.changes > 0) {
    if (session.target === 'aws') {
      await requireConsent({
        question: `This changes the state back end of AWS account ${session.account}.`,
        word: session.environment,
        yes: session.yes,
      });
    }
    await stack.apply(plan);
  }
  if (!inBucket) {
    await synthesiseBootstrap(session, name, 's3');
    await stack.moveState();
    rmSync(localState, { force: true });
    rmSync(`${localState}.backup`, { force: true });
  }
  return { changes: plan.changes, bucket: stateBucketName(session.account) };
}

async function synthesiseBootstrap(session: Session, stack: string, backend: 'local' | 's3'): Promise<void> {
  await synthesise({ stack, target: session.target, env: { SLUICE_BOOTSTRAP_BACKEND: backend } });
}

/** Which back end the folder was initialised with last is no matter: the JSON says which one counts now. */
function forgetBackend(stack: Stack): void {
  rmSync(join(stack.folder, '.terraform', 'terraform.tfstate'), { force: true });
}

async function bucketExists(session: Session, { clients }: Connection): Promise<boolean> {
  const s3 = new S3Client({ ...clients, region: stateRegion, forcePathStyle: clients.endpoint !== undefined });
  try {
    await s3.send(new HeadBucketCommand({ Bucket: stateBucketName(session.account) }));
    return true;
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return false;
    if (status === 403) {
      throw new UserError(
        `The state bucket of account ${session.account} exists, but these credentials may not see it.`,
        {
          remedy: 'Take a role that may read the state, or check that the account owns the bucket.',
          cause: error,
        },
      );
    }
    throw error;
  }
}
