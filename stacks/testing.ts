/** For the tests of stacks: builds one stack of the app, with its gate open or closed, and looks into its JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Testing } from 'cdktf';
import { look, type Block, type Synthesised } from '../modules/testing';
import { buildApp, type AppRequest } from './app';
import type { SluiceStack } from './base';

export interface BuiltStack extends Synthesised {
  readonly stack: SluiceStack;
}

/** Builds with made-up digests, so that no lock on this machine matters. */
export function synthStack(name: string, options: Partial<AppRequest> = {}): BuiltStack {
  return withFolder((outdir) => {
    const request: AppRequest = {
      outdir,
      target: 'local',
      home: outdir,
      root: outdir,
      placeholders: true,
      ...options,
      stacks: [name],
    };
    const stack = buildApp(request).stacks[0] as SluiceStack;
    return { stack, ...look(JSON.parse(Testing.synth(stack, true)) as Block) };
  });
}

export const phase1 = (name: string): BuiltStack => synthStack(name, { imagesReady: false });
export const phase2 = (name: string): BuiltStack => synthStack(name);

export function withFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Without what the framework writes for itself. */
export function normalise(json: Block): Block {
  return JSON.parse(JSON.stringify(json, (key, value: unknown) => (key === '//' ? undefined : value))) as Block;
}
