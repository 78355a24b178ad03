/** A deployment is done when the new tasks serve; when they do not, the reasons are shown and the command fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  UpdateServiceCommand,
  type Service,
} from '@aws-sdk/client-ecs';
import { UserError } from '../console/errors';
import type { ClientSettings, Connection } from '../session/connect';
import type { Session } from '../session/session';
import { operations } from '../systems/index';
import type { EcsService } from '../systems/operations';
import { recentLines } from './logs';

/** AWS itself gives a circuit breaker at least three failed tasks before it rolls back. */
const STABLE_WITHIN_MS = 10 * 60_000;
const POLL_MS = 1_000;

export async function waitForServices(
  session: Session,
  connection: Connection,
  outputs: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const service of operations[session.system.name].services(outputs)) {
    await waitUntilStable(session, connection, service);
  }
}

/** A new deployment of what is there: the same task definition in fresh tasks. */
export async function restartServices(
  session: Session,
  { clients }: Connection,
  outputs: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const { cluster, service } of operations[session.system.name].services(outputs)) {
    await session.reporter.step(`new deployment of ${service}`, () =>
      new ECSClient(clients).send(new UpdateServiceCommand({ cluster, service, forceNewDeployment: true })),
    );
  }
}

async function waitUntilStable(
  session: Session,
  connection: Connection,
  { cluster, service }: EcsService,
): Promise<void> {
  await session.reporter.step(`wait until ${service} is stable`, async (update) => {
    const failed = await waitForService(connection.clients, cluster, service, update);
    if (failed === undefined) return;
    throw new UserError(
      [
        `${service} did not become stable: ${failed.reason}`,
        ...section('service events', failed.events),
        ...section('stopped tasks', await stoppedTasks(connection.clients, cluster, service)),
        ...section('last log lines', await recentLines(session, connection, 20)),
      ].join('\n'),
      {
        remedy: `Mend it and deploy again, or go back: ./sluice rollback ${session.system.name} ${session.environment}`,
      },
    );
  });
}

interface FailedRollout {
  readonly reason: string;
  readonly events: string[];
}

async function waitForService(
  clients: ClientSettings,
  cluster: string,
  name: string,
  update: (line: string) => void,
): Promise<FailedRollout | undefined> {
  const ecs = new ECSClient(clients);
  const until = Date.now() + STABLE_WITHIN_MS;
  for (;;) {
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: [name] }));
    const service = services?.[0];
    const state = rolloutOf(service);
    const events = (service?.events ?? []).slice(0, 8).map((event) => event.message ?? '');
    if (state === 'stable') return undefined;
    if (state === 'failed') return { reason: failureOf(service), events };
    if (Date.now() > until) return { reason: 'not stable within 10 minutes', events };
    update(`${service?.runningCount ?? 0} of ${service?.desiredCount ?? 0} tasks run`);
    await sleep(POLL_MS);
  }
}

/** Stable: one deployment is left, it is complete and all its tasks run. A rollback shows as a failed deployment. */
export function rolloutOf(service: Service | undefined): 'stable' | 'failed' | 'moving' {
  const deployments = service?.deployments ?? [];
  if (deployments.some((deployment) => deployment.rolloutState === 'FAILED')) return 'failed';
  const [only] = deployments;
  const settled = deployments.length === 1 && (only?.rolloutState ?? 'COMPLETED') === 'COMPLETED';
  const counted = service?.runningCount === service?.desiredCount && (service?.pendingCount ?? 0) === 0;
  return settled && counted ? 'stable' : 'moving';
}

function failureOf(service: Service | undefined): string {
  const failed = service?.deployments?.find((deployment) => deployment.rolloutState === 'FAILED');
  return failed?.rolloutStateReason ?? 'the deployment failed';
}

async function stoppedTasks(clients: ClientSettings, cluster: string, serviceName: string): Promise<string[]> {
  const ecs = new ECSClient(clients);
  const { taskArns } = await ecs.send(new ListTasksCommand({ cluster, serviceName, desiredStatus: 'STOPPED' }));
  if (taskArns === undefined || taskArns.length === 0) return [];
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns.slice(0, 5) }));
  return (tasks ?? []).map((task) => {
    const container = task.containers?.[0];
    const exit = container?.exitCode === undefined ? '' : `, exit code ${container.exitCode}`;
    return `${task.taskArn?.split('/').at(-1)}: ${task.stoppedReason ?? 'no reason given'}${exit}${container?.reason ? `, ${container.reason}` : ''}`;
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}
