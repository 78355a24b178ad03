/** Timing of whole processes. Everything is compared within one run, in turns, and told as medians. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Sample {
  readonly seconds: number;
  /** Peak resident memory of the process itself, MiB; Node programs only. */
  readonly peakMiB: number;
}

/** Runs a program to its end and measures it; a failure throws with what it printed. */
export async function measure(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const report = join(folder, 'peak');
  const hook = join(folder, 'hook.cjs');
  writeFileSync(
    hook,
    `const { writeFileSync } = require('node:fs');\nprocess.on('exit', () => { try { writeFileSync(${JSON.stringify(report)}, String(process.resourceUsage().maxRSS)); } catch {} });\n`,
  );
  try {
    const since = process.hrtime.bigint();
    let output = '';
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...process.env, ...options.env, NODE_OPTIONS: `--require=${hook}` },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.once('error', reject);
      child.once('exit', resolve);
    });
    const seconds = Number(process.hrtime.bigint() - since) / 1e9;
    if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${exitCode}\n${output.slice(-3000)}`);
    let peakMiB = 0;
    try {
      peakMiB = Number(readFileSync(report, 'utf8')) / 1024;
    } catch {
      // Not a Node program.
    }
    return { seconds, peakMiB };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A, B, A, B, ...: drift of the machine's speed meets both alike. */
export async function inTurns<T>(rounds: number, subjects: readonly (() => Promise<T>)[]): Promise<T[][]> {
  const results: T[][] = subjects.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, subject] of subjects.entries()) results[index]!.push(await subject());
  }
  return results;
}

export interface Row {
  readonly what: string;
  readonly value: string;
  readonly aim?: string;
  readonly met?: boolean;
}

export function print(title: string, rows: readonly Row[]): void {
  process.stdout.write(`\n${title}\n`);
  for (const { what, value, aim, met } of rows) {
    const verdict = aim === undefined ? '' : `  aim ${aim}: ${met === true ? 'met' : 'NOT met'}`;
    process.stdout.write(`  ${what.padEnd(52)} ${value.padStart(12)}${verdict}\n`);
  }
}
