import type { Command } from 'commander';
import { destroy } from '../flow/destroy';
import { withCommandLock } from '../flow/command-lock';
import { connect } from '../session/connect';
import type { GlobalOptions } from '../session/session';
import { environmentCommand, identity } from './define';

interface Options extends GlobalOptions {
  readonly unprotect?: boolean;
  readonly keepSecrets?: boolean;
}

export function registerDestroy(program: Command): void {
  environmentCommand<Options>(program, {
    name: 'destroy',
    summary: 'take the environment away: the stack, its images and what was made at run time, after saying so',
    configure: (command) =>
      command
        .option('--unprotect', 'also a protected environment (prod); its deletion protection must be off in the code')
        .option('--keep-secrets', 'leave the secrets that were made at run time'),
    run: (session, options) =>
      withCommandLock(session.stackName, 'destroy', async () => {
        const connection = await connect(session);
        const removed = await destroy(session, connection, options);
        return { ...identity(session), ...removed, seconds: session.reporter.timings };
      }),
  });
}
