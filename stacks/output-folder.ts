/**
 * Writes a synthesised app into its output folder, only what changed and each file at once, so that an engine at work in
 * one stack is not disturbed by the synthesis of another. Working folders (`.terraform`) are left alone.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SkippedCheck } from '../modules/checks/skip';
import type { StackFacts } from '../environments/stack-facts';

interface Synthesised {
  readonly node: { readonly id: string };
  readonly facts: StackFacts;
  readonly skippedChecks: readonly SkippedCheck[];
}

/** Runs `synth` on a scratch folder inside `outdir` and takes over what it wrote. */
export function writeStacks(outdir: string, synth: (scratch: string) => readonly Synthesised[]): void {
  mkdirSync(join(outdir, 'stacks'), { recursive: true });
  const scratch = mkdtempSync(join(outdir, '.synth-'));
  try {
    for (const stack of synth(scratch)) {
      const from = join(scratch, 'stacks', stack.node.id);
      writeFileSync(join(from, 'sluice.json'), json(stack.facts));
      writeFileSync(join(from, 'checkov.skips.json'), json(stack.skippedChecks));
      takeOver(from, join(outdir, 'stacks', stack.node.id));
    }
    takeFile(join(scratch, 'manifest.json'), join(outdir, 'manifest.json'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function takeOver(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) takeOver(source, target);
    else takeFile(source, target);
  }
}

/** A rename within one file system is atomic: a reader sees the old file or the new one. */
function takeFile(source: string, target: string): void {
  if (existsSync(target) && readFileSync(target).equals(readFileSync(source))) return;
  renameSync(source, target);
}
