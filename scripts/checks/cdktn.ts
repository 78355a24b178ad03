/**
 * Synthesises the same source with cdktn, the successor of the archived cdktf, by npm aliases alone, and compares the JSON:
 * only framework and provider versions may differ. Keeps the way out open. Run: npx tsx scripts/checks/cdktn.ts
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleReporter, type Reporter } from '../console/reporter';
import { repositoryRoot } from '../session/folders';
import { cacheRoot, withLock } from '../toolchain/cache';
import { run } from '../toolchain/process';
import { differences } from './compare';
import { synthesiseAll } from './synthesis';

/** Everything that a synthesis reads. */
const sources = [
  'main.ts',
  'cdktf.json',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'environments',
  'modules',
  'stacks',
  'services',
  'scripts/synth.mjs',
];

/** The packages of a synthesis, with cdktn in the place of cdktf. */
function dependencies(): Record<string, string> {
  const own = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return {
    cdktf: 'npm:cdktn@0.24.0',
    '@cdktf/provider-aws': 'npm:@cdktn/provider-aws@25.7.0',
    // The provider asks for its framework by the new name.
    cdktn: '0.24.0',
    ...Object.fromEntries(['constructs', 'esbuild', 'zod'].map((name) => [name, own.dependencies[name] ?? ''])),
  };
}

async function ensurePackages(reporter: Reporter): Promise<string> {
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies: dependencies() }, null, 2);
  const folder = join(cacheRoot(), `cdktn-${createHash('sha256').update(manifest).digest('hex').slice(0, 8)}`);
  const packages = join(folder, 'node_modules');
  if (existsSync(packages)) return packages;
  await reporter.step('cdktn', () =>
    withLock('cdktn', async () => {
      if (existsSync(packages)) return;
      const temporary = `${folder}.${process.pid}`;
      await mkdir(temporary, { recursive: true });
      writeFileSync(join(temporary, 'package.json'), manifest);
      await run('npm', ['install', '--legacy-peer-deps', '--no-audit', '--no-fund'], { cwd: temporary });
      await rm(folder, { recursive: true, force: true });
      renameSync(temporary, folder);
    }),
  );
  return packages;
}

function frameworkOf(json: unknown): string {
  return (json as { '//': { metadata: { version: string } } })['//'].metadata.version;
}

const reporter = new ConsoleReporter();
const folder = mkdtempSync(join(tmpdir(), 'sluice-cdktn-'));
try {
  const packages = await ensurePackages(reporter);
  const copy = join(folder, 'copy');
  for (const source of sources) cpSync(join(repositoryRoot, source), join(copy, source), { recursive: true });
  symlinkSync(packages, join(copy, 'node_modules'));
  const before = await reporter.step('synthesise with cdktf', () => synthesiseAll(join(folder, 'cdktf')));
  const after = await reporter.step('synthesise with cdktn', () => synthesiseAll(join(folder, 'cdktn'), copy));
  const read = (stacks: string, stack: string): unknown =>
    JSON.parse(readFileSync(join(stacks, stack, 'cdk.tf.json'), 'utf8'));
  const stacks = readdirSync(before);
  const frameworks = [before, after].map((folder) => frameworkOf(read(folder, stacks[0] ?? '')));
  if (frameworks[0] === frameworks[1])
    throw new Error(`both were synthesised with version ${frameworks[0]}: the aliases had no effect`);
  const found = stacks.flatMap((stack) =>
    differences(read(before, stack), read(after, stack)).map(
      ({ path, before: was, after: is }) => `${stack} ${path}: ${JSON.stringify(was)} became ${JSON.stringify(is)}`,
    ),
  );
  for (const line of found) process.stdout.write(`${line}\n`);
  process.stdout.write(
    `${stacks.length} stacks of cdktf ${frameworks[0]} and cdktn ${frameworks[1]} compared, ${found.length} differences besides versions\n`,
  );
  if (found.length > 0 || stacks.length === 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
