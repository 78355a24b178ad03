/** All tests: checks of the code, unit tests, end-to-end tests on a local cloud of their own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { execa } from 'execa';
import { ConsoleReporter, formatSeconds } from '../console/reporter';
import { repositoryRoot } from '../session/folders';
import { printJson } from './define';

type Stage = 'unit' | 'e2e' | 'all';

interface Count {
  passed: number;
  failed: number;
}

/** What reads the code without running it; each counts as one test. */
const CHECKS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'types of the client', command: ['tsc', '--noEmit', '-p', 'services/story-42/client'] },
  { name: 'lint and import directions', command: ['eslint', '.'] },
  { name: 'formatting', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'unused code', command: ['knip'] },
  { name: 'checkov on all stacks', command: ['tsx', 'scripts/checks/checkov.ts'] },
  { name: 'same JSON under cdktn', command: ['tsx', 'scripts/checks/cdktn.ts'] },
];

export function registerTest(program: Command): void {
  program
    .command('test')
    .description('the tests: unit (seconds, nothing runs), e2e (real applies and containers), or all')
    .addArgument(new Argument('[stage]', 'which').choices(['unit', 'e2e', 'all']).default('all'))
    .option('--json', 'data as JSON on stdout')
    .option('-t, --only <pattern>', 'only tests whose name matches')
    .action(async (stage: Stage, { json, only }: { json?: boolean; only?: string }) => {
      const since = Date.now();
      const total: Count = { passed: 0, failed: 0 };
      const add = ({ passed, failed }: Count): void => {
        total.passed += passed;
        total.failed += failed;
      };
      if (stage !== 'e2e') {
        if (only === undefined) for (const check of CHECKS) add(await runCheck(check));
        add(await runJest('jest.config.mjs', only));
      }
      if (stage !== 'unit') add(await runJest('e2e/jest.config.mjs', only));
      if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
      process.stderr.write(`tests took ${formatSeconds((Date.now() - since) / 1000)}\n`);
      if (json === true) printJson(total);
      else process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
    });
}

async function runCheck({ name, command }: (typeof CHECKS)[number]): Promise<Count> {
  const reporter = new ConsoleReporter();
  try {
    await reporter.step(name, async () => {
      const { exitCode, all } = await execa('npx', ['--no-install', ...command], {
        cwd: repositoryRoot,
        all: true,
        reject: false,
        stdin: 'ignore',
      });
      if (exitCode !== 0) throw new Error(all);
    });
    return { passed: 1, failed: 0 };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return { passed: 0, failed: 1 };
  }
}

async function runJest(config: string, only: string | undefined): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const report = join(folder, 'report.json');
  try {
    const { exitCode } = await execa(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--no-warnings=ExperimentalWarning',
        join(repositoryRoot, 'node_modules/jest/bin/jest.js'),
        '--config',
        config,
        '--ci',
        '--json',
        `--outputFile=${report}`,
        ...(only === undefined ? [] : ['-t', only]),
      ],
      // Jest tells people on stderr; its copy of the report on stdout is not for this program's stdout.
      { cwd: repositoryRoot, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit', reject: false },
    );
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      numRuntimeErrorTestSuites: number;
    };
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    return { passed: numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
  } catch (error) {
    process.stderr.write(`${config}: no report was written: ${(error as Error).message}\n`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
