import type { Command } from 'commander';
import { describeEndpoints, up } from '../flow/up';
import { withCommandLock } from '../flow/command-lock';
import type { GlobalOptions } from '../session/session';
import { environmentCommand, identity } from './define';

interface Options extends GlobalOptions {
  readonly smoke: boolean;
}

export function registerUp(program: Command): void {
  environmentCommand<Options>(program, {
    name: 'up',
    summary: 'the main job: local cloud, phase 1, images, phase 2, seed, smoke, endpoints; safe to run again',
    configure: (command) => command.option('--no-smoke', 'do not ask the running system at the end'),
    run: (session, options) =>
      withCommandLock(session.stackName, 'up', async () => {
        const result = await up(session, options);
        if (!session.json) process.stdout.write(`${describeEndpoints(session, result.outputs).join('\n')}\n`);
        return { ...identity(session), ...result, seconds: session.reporter.timings };
      }),
  });
}
