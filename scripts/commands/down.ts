import type { Command } from 'commander';
import { ConsoleReporter } from '../console/reporter';
import { stopCloud } from '../local/client';
import { printJson } from './define';

export function registerDown(program: Command): void {
  program
    .command('down')
    .description('stop the local cloud and its containers; what it holds is kept for the next start')
    .option('--json', 'data as JSON on stdout')
    .action(async ({ json }: { json?: boolean }) => {
      const reporter = new ConsoleReporter();
      const wasRunning = await stopCloud(reporter);
      if (json === true) printJson({ wasRunning });
      else if (!wasRunning) reporter.info('The local cloud does not run.');
    });
}
