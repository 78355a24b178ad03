/**
 * Scans all synthesised stacks with checkov, in a pinned environment of its own. A finding is either mended or accepted
 * next to its resource (modules/checks/skip.ts) with a reason and an owner; exit code 1 for anything else, or for a stale
 * acceptance. Run: npx tsx scripts/checks/checkov.ts [--json]
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { UserError } from '../console/errors';
import { ConsoleReporter, type Reporter } from '../console/reporter';
import { repositoryRoot } from '../session/folders';
import { cacheRoot, withLock } from '../toolchain/cache';
import { run } from '../toolchain/process';
import { findPython, pythonRemedy } from '../toolchain/python';
import { describeVerdict, isGood, judge, type Skip, type Verdict } from './report';
import { allStacks, synthesiseAll } from './synthesis';

const requirements = join(repositoryRoot, 'scripts/checks/checkov.requirements.txt');

/** The scanner's program, installed once for each content of the requirement file. */
async function ensureCheckov(reporter: Reporter): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 8);
  const folder = join(cacheRoot(), 'python', `checkov-${hash}`);
  const complete = join(folder, '.complete');
  const program = join(folder, 'bin', 'checkov');
  if (existsSync(complete)) return program;
  await reporter.step('checkov', (update) =>
    withLock(
      'python-checkov',
      async () => {
        if (existsSync(complete)) return;
        const { found, problem } = await findPython();
        if (found === undefined) throw new UserError(problem ?? 'Python was not found.', { remedy: pythonRemedy });
        await rm(folder, { recursive: true, force: true });
        await mkdir(dirname(folder), { recursive: true });
        await run(found.path, ['-m', 'venv', folder]);
        const pip = [
          '-m',
          'pip',
          'install',
          '--no-input',
          '--disable-pip-version-check',
          '--no-deps',
          '--require-hashes',
          '-r',
          requirements,
        ];
        await run(join(folder, 'bin', 'python'), pip, {
          onLine: (line) => update(line.trim()),
          remedy: 'Check that PyPI (or the index pip is configured for) can be reached, then run the command again.',
        });
        writeFileSync(complete, '');
      },
      { update },
    ),
  );
  return program;
}

async function scan(reporter: Reporter, stacks: string): Promise<Verdict> {
  const program = await ensureCheckov(reporter);
  const { stdout, stderr } = await reporter.step('scan', () =>
    execa(
      program,
      ['--framework', 'terraform_json', '-d', stacks, '--skip-download', '-o', 'json', '--compact', '--quiet'],
      {
        reject: false,
        stdin: 'ignore',
      },
    ),
  );
  let output: Parameters<typeof judge>[0];
  try {
    output = JSON.parse(stdout) as Parameters<typeof judge>[0];
  } catch (cause) {
    throw new UserError(`checkov gave no result.\n${stderr}`, { cause });
  }
  return judge(
    output,
    allStacks.flatMap((stack) => skipsOf(stacks, stack)),
  );
}

function skipsOf(stacks: string, stack: string): Skip[] {
  const text = readFileSync(join(stacks, stack, 'checkov.skips.json'), 'utf8');
  return (JSON.parse(text) as Omit<Skip, 'stack'>[]).map((skip) => ({ stack, ...skip }));
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-checkov-'));
try {
  const verdict = await scan(new ConsoleReporter(), await synthesiseAll(folder));
  const text = process.argv.includes('--json') ? JSON.stringify(verdict, null, 2) : describeVerdict(verdict).join('\n');
  process.stdout.write(`${text}\n`);
  if (!isGood(verdict)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
