/**
 * Scans all synthesised stacks with checkov, in a pinned environment of its own. A finding is either mended or accepted
 * next to its resource (modules/checks/skip.ts) with a reason and an owner; exit code 1 for anything else, or for a stale
 * acceptance. Run: npx tsx scripts/checks/checkov.ts [--json]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { UserError } from '../console/errors';
import { ConsoleReporter, type Reporter } from '../console/reporter';
import { ensureEnvironment, programOf } from '../toolchain/python';
import { describeVerdict, isGood, judge, type Skip, type Verdict } from './report';
import { allStacks, synthesiseAll } from './synthesis';

async function scan(reporter: Reporter, stacks: string): Promise<Verdict> {
  const program = programOf(await ensureEnvironment(reporter, 'checkov'), 'checkov');
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
