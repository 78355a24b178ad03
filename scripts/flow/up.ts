/** The main job: from nothing to a system that answers. Every step finds out what is there and does only what is missing. */
import { connect, type Connection } from '../session/connect';
import type { Session } from '../session/session';
import { providerTypes } from '../session/synth';
import { operations } from '../systems/index';
import type { SeedItem, SmokeCheck } from '../systems/operations';
import { ensureAll, refuseMissingTools } from '../toolchain/index';
import { UserError } from '../console/errors';
import { deploy, type Deployment } from './deploy';
import { buildAndPush, readImagesStatus, repositoriesExist } from './images';

export interface UpResult {
  readonly phase: 1 | 2;
  readonly changes: number;
  readonly images: Readonly<Record<string, string | null>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly published: readonly string[];
  readonly seeded: readonly SeedItem[];
  readonly checks: readonly SmokeCheck[];
}

export async function up(session: Session, options: { readonly smoke: boolean }): Promise<UpResult> {
  const types = await providerTypes();
  await refuseMissingTools(types);
  await ensureAll(session.reporter, types);
  const connection = await connect(session);

  let changes = 0;
  if (!(await repositoriesExist(session, connection))) {
    const first = await deploy(session, connection, { imagesReady: false });
    changes += first.changes;
  }
  let status = await readImagesStatus(session, connection);
  if (!status.ready || Object.values(status.services).some(({ stale }) => stale !== false)) {
    await buildAndPush(session, connection);
    status = await readImagesStatus(session, connection);
  }
  const deployed: Deployment = await deploy(session, connection, {});
  changes += deployed.changes;

  const context = { session, clients: connection.clients, outputs: deployed.outputs };
  const system = operations[session.system.name];
  const seeded = await session.reporter.step('seed', () => system.seed(context));
  const checks = options.smoke
    ? await session.reporter.step('smoke', () => smokeOrFail(session, connection, deployed))
    : [];
  const images = Object.fromEntries(Object.entries(status.services).map(([name, { digest }]) => [name, digest]));
  const { phase, outputs, published } = deployed;
  return { phase, changes, images, outputs, published, seeded, checks };
}

async function smokeOrFail(session: Session, { clients }: Connection, { outputs }: Deployment): Promise<SmokeCheck[]> {
  const checks = await operations[session.system.name].smoke({ session, clients, outputs });
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0) {
    throw new UserError(
      ['The system is up, but answers wrongly:', ...failed.map(({ check, detail }) => `  - ${check}: ${detail}`)].join(
        '\n',
      ),
      {
        remedy: `./sluice logs ${session.system.name} ${session.environment}; docs/troubleshooting.md lists symptoms and causes.`,
      },
    );
  }
  return checks;
}

export function describeEndpoints(session: Session, outputs: Readonly<Record<string, unknown>>): string[] {
  const { endpoints, tryIt } = operations[session.system.name];
  return [
    `${session.system.name} ${session.environment} is up:`,
    ...endpoints.filter((name) => outputs[name]).map((name) => `  ${name} ${String(outputs[name])}`),
    'Try it:',
    ...tryIt(outputs, session).map((line) => `  ${line}`),
  ];
}
