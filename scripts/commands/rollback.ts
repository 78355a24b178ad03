import type { Command } from 'commander';
import { deploy } from '../flow/deploy';
import { resolveGate } from '../flow/gate';
import { restorePreviousLock } from '../flow/images';
import { withCommandLock } from '../flow/command-lock';
import { connect } from '../session/connect';
import { environmentCommand, identity } from './define';

export function registerRollback(program: Command): void {
  environmentCommand(program, {
    name: 'rollback',
    summary: 'deploy the previous lock: the image bytes that ran before',
    run: (session) =>
      withCommandLock(session.stackName, 'rollback', async () => {
        const connection = await connect(session);
        const restored = await restorePreviousLock(session, connection);
        session.reporter.info(`back to ${restored.origin}`);
        const imagesReady = await resolveGate(session, connection);
        const result = await deploy(session, connection, { imagesReady });
        return { ...identity(session), ...result, seconds: session.reporter.timings };
      }),
  });
}
