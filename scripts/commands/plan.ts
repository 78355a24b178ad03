import type { Command } from 'commander';
import { resolveGate } from '../flow/gate';
import { describePhase, planStack, prepare } from '../flow/deploy';
import { withCommandLock } from '../flow/command-lock';
import { describePlan } from '../terraform/plan';
import { connect } from '../session/connect';
import { environmentCommand, identity, withDeployFlags, type DeployFlags } from './define';

export function registerPlan(program: Command): void {
  environmentCommand<DeployFlags>(program, {
    name: 'plan',
    summary: 'what deploy would change; exit code 2 when there is something',
    configure: withDeployFlags,
    run: (session, options) =>
      withCommandLock(session.stackName, 'plan', async () => {
        const connection = await connect(session);
        const imagesReady = await resolveGate(session, connection, options.imagesReady);
        const prepared = await prepare(session, connection, { imagesReady });
        const plan = await planStack(session, connection, prepared, { imagesReady, allow: options.allowDataLoss });
        if (plan.changes > 0) process.exitCode = 2;
        if (!session.json) process.stdout.write(`${describePlan(plan).join('\n')}\n`);
        const { create, update, replace, delete: destroy, outputs, changes } = plan;
        const { phase, waiting } = prepared.facts;
        return {
          ...identity(session),
          phase,
          waiting,
          summary: describePhase(prepared.facts),
          changes,
          destroy,
          replace,
          update,
          create,
          outputs,
        };
      }),
  });
}
