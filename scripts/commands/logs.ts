import type { Command } from 'commander';
import { followLogs } from '../flow/logs';
import { connect } from '../session/connect';
import type { GlobalOptions } from '../session/session';
import { environmentCommand } from './define';

interface Options extends GlobalOptions {
  readonly follow?: boolean;
  readonly tail: string;
  readonly source?: string;
}

export function registerLogs(program: Command): void {
  environmentCommand<Options>(program, {
    name: 'logs',
    summary: 'what the services wrote, in one view',
    configure: (command) =>
      command
        .option('-f, --follow', 'go on as lines come, until Ctrl-C')
        .option('-n, --tail <lines>', 'how many past lines', '50')
        .option('--source <name>', 'one source alone, such as router or api'),
    async run(session, options) {
      await followLogs(session, await connect(session), {
        follow: options.follow === true,
        tail: Number(options.tail),
        source: options.source,
        write: (line) => process.stdout.write(`${line}\n`),
      });
    },
  });
}
