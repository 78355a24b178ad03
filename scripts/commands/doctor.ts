import type { Command } from 'commander';
import { inspectTools } from '../toolchain/index';
import { cloudStatus } from '../local/client';
import { coloursFor } from '../console/colours';
import { printJson } from './define';

const pc = coloursFor(process.stdout);

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what this machine has, what it lacks and what to do about it; changes nothing')
    .option('--json', 'data as JSON on stdout')
    .action(async ({ json }: { json?: boolean }) => {
      const [tools, cloud] = await Promise.all([inspectTools(), cloudStatus()]);
      if (tools.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
      if (json === true) return printJson({ tools, cloud });
      for (const { name, needed, found, how, problem, remedy } of tools) {
        const mark = problem !== undefined ? pc.red('✖') : found === undefined ? pc.yellow('○') : pc.green('✔');
        const what =
          found === undefined
            ? `not here yet; ${how}`
            : `${found.version} ${pc.dim(`${found.path} (${found.origin})`)}`;
        process.stdout.write(`${mark} ${name.padEnd(18)} ${pc.dim(needed.padEnd(14))} ${what}\n`);
        if (problem !== undefined)
          process.stdout.write(`  ${problem}\n  to do: ${remedy ?? 'see docs/troubleshooting.md'}\n`);
      }
      process.stdout.write(`local cloud: ${cloud.running ? 'running' : 'not running'}\n`);
    });
}
