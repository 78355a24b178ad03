/** Every stack with its gate open, in a folder of its own: what the checks look at, whatever has been built or locked. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { lockPath } from '../../environments/lock';
import { environmentNames } from '../../environments/schema';
import { systemNames, systems } from '../../environments/index';
import { UserError } from '../console/errors';
import { repositoryRoot } from '../session/folders';

const made = {
  digest: `sha256:${'0'.repeat(64)}`,
  contentHash: '0'.repeat(64),
  commit: 'unknown',
  builtAt: '2026-01-01T00:00:00Z',
};

export const allStacks: readonly string[] = [...systemNames, 'bootstrap'].flatMap((system) =>
  environmentNames.map((environment) => `${system}-${environment}`),
);

/** Synthesises into `<folder>/out` with the copy of the program in `root`; gives the folder of stacks. */
export async function synthesiseAll(folder: string, root: string = repositoryRoot): Promise<string> {
  const home = join(folder, 'home');
  for (const system of systemNames) {
    const services = Object.fromEntries(Object.keys(systems[system].services).map((service) => [service, made]));
    for (const environment of environmentNames) {
      const path = lockPath({ target: 'local', system, environment, home, root });
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, JSON.stringify({ system, environment, services }));
    }
  }
  const out = join(folder, 'out');
  const { exitCode, stderr } = await execa(process.execPath, [join(root, 'scripts/synth.mjs')], {
    cwd: root,
    env: {
      SLUICE_HOME: home,
      CDKTF_OUTDIR: out,
      SLUICE_STACKS: allStacks.join(','),
      SLUICE_TARGET: 'local',
      IMAGES_READY: '',
      CDKTF_CONTEXT_JSON: '{}',
    },
    reject: false,
    stdin: 'ignore',
  });
  if (exitCode !== 0) throw new UserError(`The stacks cannot be synthesised.\n${stderr}`);
  return join(out, 'stacks');
}
