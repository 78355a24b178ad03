/** From a session to something that can act: the local cloud or the right AWS account, the engine, and SDK settings. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { UserError } from '../console/errors';
import { engineEnvironment, ensureCloud, type CloudEnvironment } from '../local/client';
import { Stack } from '../terraform/stack';
import { ensureTerraform, type Engine } from '../toolchain/index';
import { runFolder, stackFolder } from './folders';
import type { Session } from './session';
import { mkdirSync } from 'node:fs';

/** Settings for any AWS SDK v3 client. */
export interface ClientSettings {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
}

export interface Connection {
  /** The local cloud's side of it; absent on AWS. */
  readonly cloud: CloudEnvironment | undefined;
  readonly clients: ClientSettings;
}

export async function connect(session: Session): Promise<Connection> {
  if (session.target === 'local') {
    const cloud = await ensureCloud(session.reporter, session.environment);
    return {
      cloud,
      clients: { region: session.region, endpoint: cloud.endpoint, credentials: cloud.credentials, maxAttempts: 3 },
    };
  }
  const clients: ClientSettings = { region: session.region, maxAttempts: 5 };
  await requireAccount(session, clients);
  return { cloud: undefined, clients };
}

/** Nothing is done with the credentials of another account than the environment's. */
async function requireAccount(session: Session, clients: ClientSettings): Promise<void> {
  let account: string | undefined;
  try {
    account = (await new STSClient(clients).send(new GetCallerIdentityCommand({}))).Account;
  } catch (cause) {
    throw new UserError(`AWS does not accept the credentials of this shell: ${(cause as Error).message}`, {
      remedy: 'Sign in (aws sso login, or the role of the pipeline) and try again.',
      cause,
    });
  }
  if (account !== session.account) {
    throw new UserError(
      `These credentials are for account ${account}, but ${session.system.name} ${session.environment} lives in ${session.account}.`,
      { remedy: 'Take credentials of that account, or correct environments/accounts.ts.' },
    );
  }
}

export async function openEngine(session: Session, resourceTypes: readonly string[]): Promise<Engine> {
  return (await ensureTerraform(session.reporter, resourceTypes)).engine;
}

export function openStack(session: Session, connection: Connection, engine: Engine, name = session.stackName): Stack {
  const folder = runFolder(name);
  mkdirSync(folder, { recursive: true });
  return new Stack({
    name,
    folder: stackFolder(name),
    runFolder: folder,
    engine,
    env: processEnvironment(connection, engine),
    reporter: session.reporter,
    ownsState: session.target === 'local',
  });
}

/** The variables under which `tofu`, `terraform` and `cdktf` work on this environment. */
export function shellVariables(connection: Connection, engine: Engine): Record<string, string> {
  return {
    ...(connection.cloud === undefined ? {} : engineEnvironment(connection.cloud)),
    // The system's own: one account holds systems in several regions.
    AWS_REGION: connection.clients.region,
    AWS_DEFAULT_REGION: connection.clients.region,
    TERRAFORM_BINARY_NAME: engine.path,
    TF_CLI_CONFIG_FILE: engine.cliConfigFile,
    CHECKPOINT_DISABLE: '1',
  };
}

function processEnvironment(connection: Connection, engine: Engine): Record<string, string> {
  // A rehearsal must not see the operator's own AWS settings: a profile would beat the keys of the local account.
  const inherited = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !(connection.cloud !== undefined && /^(AWS_|TF_)/.test(name)),
  ) as [string, string][];
  return { ...Object.fromEntries(inherited), TF_IN_AUTOMATION: '1', ...shellVariables(connection, engine) };
}
