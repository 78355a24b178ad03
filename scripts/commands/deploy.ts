import type { Command } from 'commander';
import { deploy } from '../flow/deploy';
import { resolveGate } from '../flow/gate';
import { withCommandLock } from '../flow/command-lock';
import { connect } from '../session/connect';
import { environmentCommand, identity, withDeployFlags, type DeployFlags } from './define';

interface Options extends DeployFlags {
  readonly restart?: boolean;
}

export function registerDeploy(program: Command): void {
  environmentCommand<Options>(program, {
    name: 'deploy',
    summary: 'plan, show what goes away first, apply exactly that plan, wait until the new version serves',
    configure: (command) =>
      withDeployFlags(command).option(
        '--restart',
        'fresh tasks of the ECS services, also when nothing of them changed',
      ),
    run: (session, options) =>
      withCommandLock(session.stackName, 'deploy', async () => {
        const connection = await connect(session);
        const imagesReady = await resolveGate(session, connection, options.imagesReady);
        const result = await deploy(session, connection, {
          imagesReady,
          allow: options.allowDataLoss,
          restart: options.restart,
        });
        return { ...identity(session), ...result, seconds: session.reporter.timings };
      }),
  });
}
