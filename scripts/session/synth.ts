/** Synthesises one stack into its working folder and reads what it says of itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Target } from '../../environments/schema';
import type { StackFacts } from '../../environments/stack-facts';
import { UsageError } from '../console/errors';
import { repositoryRoot, sluiceHome, stackFolder } from './folders';

export interface SynthRequest {
  readonly stack: string;
  readonly target: Target;
  /** Overrides what the lock says. */
  readonly imagesReady?: boolean;
  readonly env?: Record<string, string>;
}

export async function synthesise({ stack, target, imagesReady, env }: SynthRequest): Promise<StackFacts> {
  const { exitCode, stderr, stdout } = await execa(process.execPath, [join(repositoryRoot, 'scripts/synth.mjs')], {
    cwd: repositoryRoot,
    env: {
      SLUICE_STACKS: stack,
      SLUICE_TARGET: target,
      SLUICE_HOME: sluiceHome(),
      ...(imagesReady === undefined ? {} : { IMAGES_READY: String(imagesReady) }),
      ...env,
    },
    reject: false,
    stdin: 'ignore',
  });
  if (exitCode !== 0) throw new UsageError((stderr || stdout).trim());
  return JSON.parse(readFileSync(join(stackFolder(stack), 'sluice.json'), 'utf8')) as StackFacts;
}

/** The types of every stack in every environment with its gate open: one provider build serves them all. */
export function providerTypes(): Promise<string[]> {
  // One command asks several times; the code it asks about does not change meanwhile.
  return (types ??= listTypes());
}

let types: Promise<string[]> | undefined;

async function listTypes(): Promise<string[]> {
  const { stdout } = await execa(process.execPath, [join(repositoryRoot, 'scripts/synth.mjs'), '--types'], {
    cwd: repositoryRoot,
    stdin: 'ignore',
  });
  return JSON.parse(stdout) as string[];
}
