import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import type { Command } from 'commander';
import { requireConsent } from '../console/ask';
import { UsageError } from '../console/errors';
import { readOutputs } from '../flow/deploy';
import { waitForServices } from '../flow/rollout';
import { connect } from '../session/connect';
import { operations } from '../systems/index';
import { environmentCommand, identity } from './define';

/** Fargate's own default quota is far above; this catches a slip of the finger. */
const MOST_TASKS = 100;

export function registerScale(program: Command): void {
  environmentCommand(program, {
    name: 'scale',
    summary: 'run this many tasks until the next deploy; 0 saves cost overnight',
    args: ['<count>'],
    async run(session, _options, [given]) {
      const count = Number(given);
      if (!Number.isInteger(count) || count < 0 || count > MOST_TASKS) {
        throw new UsageError(`count is "${given}"; allowed: a whole number from 0 to ${MOST_TASKS}`);
      }
      const connection = await connect(session);
      const outputs = await readOutputs(session, connection);
      const [running] = operations[session.system.name].services(outputs);
      if (running === undefined) {
        throw new UsageError(
          `${session.stackName} runs no ECS service: its gate is closed, or its settings leave the service out.`,
          `./sluice up ${session.system.name} ${session.environment}`,
        );
      }
      const { cluster, service } = running;
      if (session.target === 'aws') {
        await requireConsent({
          question: `This runs ${count} tasks of ${service} in AWS account ${session.account}.`,
          word: session.environment,
          yes: session.yes,
        });
      }
      const ecs = new ECSClient(connection.clients);
      const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
      const before = services?.[0]?.desiredCount;
      await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: count }));
      await waitForServices(session, connection, outputs);
      session.reporter.info(
        `${service}: ${before} -> ${count} tasks. The next deploy returns to the environment's own count.`,
      );
      return { ...identity(session), service, before, desiredCount: count };
    },
  });
}
