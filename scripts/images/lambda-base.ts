/** What the local base of Lambda functions has beyond the plain one: the folders, variables and entry point of AWS's base
 * image for Node.js, and the stand-in for its runtime. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import type { TarEntry } from './tar';

const RUNTIME = 'var/runtime/sluice-lambda.mjs';

/** Whether a public base is one of Lambda's for Node.js, at AWS's public registry or in its older place. */
export function isLambdaNodeBase(reference: string): boolean {
  return /^(public\.ecr\.aws\/lambda\/nodejs|(docker\.io\/)?amazon\/aws-lambda-nodejs)(:|@|$)/.test(reference);
}

/** A base of Lambda for another language, or without one: nothing here stands in for it. */
export function isOtherLambdaBase(reference: string): boolean {
  return (
    /^(public\.ecr\.aws\/lambda\/|(docker\.io\/)?amazon\/aws-lambda-)/.test(reference) && !isLambdaNodeBase(reference)
  );
}

export const lambdaConfig = {
  Env: ['LAMBDA_TASK_ROOT=/var/task', 'LAMBDA_RUNTIME_DIR=/var/runtime', 'LANG=en_US.UTF-8', 'TZ=:/etc/localtime'],
  Entrypoint: ['/usr/local/bin/node', `/${RUNTIME}`],
  // AWS's base names no handler either; the stand-in says what is missing.
  Cmd: [] as string[],
  WorkingDir: '/var/task',
} as const;

/** The stand-in as the image holds it. */
export async function lambdaRuntime(): Promise<string> {
  const source = join(dirname(fileURLToPath(import.meta.url)), 'lambda-runtime.ts');
  const { code } = await transform(await readFile(source, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    charset: 'utf8',
    minifySyntax: true,
  });
  return code;
}

export function lambdaEntries(runtime: string): TarEntry[] {
  return [
    { path: 'opt', kind: 'folder', mode: 0o755 },
    { path: 'var/task', kind: 'folder', mode: 0o755 },
    { path: RUNTIME, kind: 'file', mode: 0o644, content: runtime },
  ];
}
