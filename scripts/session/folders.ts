/** Where things are on disk: the checkout, the rehearsal's home, the folders of a stack. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Everything a rehearsal writes: the local cloud, its locks of images, logs. `SLUICE_HOME` moves it. */
export function sluiceHome(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(repositoryRoot, env['SLUICE_HOME'] || '.sluice');
}

/** The folder of Terraform JSON; `CDKTF_OUTDIR` moves it, as for CDKTF itself. */
export function outputFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(repositoryRoot, env['CDKTF_OUTDIR'] || 'cdktf.out');
}

export function stackFolder(stack: string): string {
  return join(outputFolder(), 'stacks', stack);
}

/** Plans, engine logs and the record of a running engine. */
export function runFolder(stack: string): string {
  return join(sluiceHome(), 'runs', stack);
}
