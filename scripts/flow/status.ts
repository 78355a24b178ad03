/** One look at a running environment, for the engineer on call. */
import { DescribeServicesCommand, ECSClient, type Service } from '@aws-sdk/client-ecs';
import { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ClientSettings, Connection } from '../session/connect';
import type { Session } from '../session/session';
import { operations } from '../systems/index';
import { readOutputs } from './deploy';
import { describeFunction, functionStatus, type FunctionStatus } from './functions';
import { readImagesStatus, type ImagesStatus } from './images';
import { recentLines } from './logs';

export interface ServiceStatus {
  readonly service: string;
  readonly running: number;
  readonly desired: number;
  readonly rollout: string;
  readonly targets: readonly string[];
  readonly events: readonly string[];
}

export interface EnvironmentStatus {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly services: readonly ServiceStatus[];
  readonly functions: readonly FunctionStatus[];
  readonly images: ImagesStatus['services'];
  readonly ready: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly lastErrors: readonly string[];
}

export async function readStatus(session: Session, connection: Connection): Promise<EnvironmentStatus> {
  const outputs = await readOutputs(session, connection);
  const { clients } = connection;
  const [images, services, functions, facts, lines] = await Promise.all([
    readImagesStatus(session, connection),
    serviceStatus(session, connection, outputs),
    functionStatus(session, connection),
    operations[session.system.name].inspect({ session, clients, outputs }),
    recentLines(session, connection, 500).catch(() => [] as string[]),
  ]);
  const lastErrors = lines.filter((line) => /"level":"?(error|fatal|50|60)"?\b|\bERROR\b/.test(line)).slice(-5);
  return { outputs, services, functions, images: images.services, ready: images.ready, facts, lastErrors };
}

async function serviceStatus(
  session: Session,
  { clients }: Connection,
  outputs: Readonly<Record<string, unknown>>,
): Promise<ServiceStatus[]> {
  const running = operations[session.system.name].services(outputs);
  const all = await Promise.all(
    running.map(async ({ cluster, service: name }) => {
      const { services } = await new ECSClient(clients).send(
        new DescribeServicesCommand({ cluster, services: [name] }),
      );
      return Promise.all((services ?? []).map((service) => oneService(clients, name, service)));
    }),
  );
  return all.flat();
}

async function oneService(clients: ClientSettings, name: string, service: Service): Promise<ServiceStatus> {
  const balancing = new ElasticLoadBalancingV2Client(clients);
  const targets: string[] = [];
  for (const { targetGroupArn: TargetGroupArn } of service.loadBalancers ?? []) {
    const { TargetHealthDescriptions } = await balancing.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    for (const { Target, TargetHealth } of TargetHealthDescriptions ?? []) {
      targets.push(
        `${Target?.Id}:${Target?.Port} ${TargetHealth?.State}${TargetHealth?.Reason ? ` (${TargetHealth.Reason})` : ''}`,
      );
    }
  }
  return {
    service: service.serviceName ?? name,
    running: service.runningCount ?? 0,
    desired: service.desiredCount ?? 0,
    rollout: service.deployments?.[0]?.rolloutState ?? 'unknown',
    targets,
    events: (service.events ?? []).slice(0, 3).map(({ message }) => message ?? ''),
  };
}

export function describeStatus(status: EnvironmentStatus): string[] {
  const lines: string[] = [];
  for (const { service, running, desired, rollout, targets, events } of status.services) {
    lines.push(`${service}: ${running} of ${desired} tasks run, rollout ${rollout}`);
    lines.push(...targets.map((target) => `  target ${target}`), ...events.map((event) => `  event ${event}`));
  }
  lines.push(...status.functions.map(describeFunction));
  for (const [name, { digest, inRegistry }] of Object.entries(status.images)) {
    lines.push(
      `image ${name}: ${digest === null ? 'none' : `${digest} ${inRegistry ? 'in the registry' : 'NOT in the registry'}`}`,
    );
  }
  lines.push(`gate ${status.ready ? 'open' : 'closed'}`);
  for (const [name, value] of Object.entries(status.facts)) lines.push(`${name}: ${describeFact(value)}`);
  for (const [name, value] of Object.entries(status.outputs)) lines.push(`${name} = ${String(value)}`);
  if (status.lastErrors.length > 0) lines.push('last errors:', ...status.lastErrors.map((line) => `  ${line}`));
  return lines;
}

function describeFact(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, inner]) => `${key} ${String(inner)}`)
      .join(', ');
  }
  return String(value);
}
