/**
 * `up` and `deploy` against the bare engine applying the same JSON: what Sluice adds to the provider's own waiting.
 * Runs on a local cloud of its own, with toolchain and images already in the cache.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { SystemName } from '../environments/index';
import { print } from './measure';
import { root } from './paths';

const PORT = '4960';

export async function benchUp(system: SystemName): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-up-'));
  const env = { SLUICE_HOME: join(folder, 'home'), SLUICE_PORT: PORT, CDKTF_OUTDIR: join(folder, 'cdktf.out') };
  const sluice = async (...args: string[]): Promise<{ seconds: number; stdout: string }> => {
    const since = Date.now();
    const { stdout } = await execa(join(root, 'sluice'), args, { cwd: root, env, stdin: 'ignore', stderr: 'inherit' });
    return { seconds: (Date.now() - since) / 1000, stdout };
  };
  try {
    await sluice('images', 'build', system, 'dev');
    const first = await sluice('up', system, 'dev');
    const second = await sluice('up', system, 'dev');
    const unchanged = await sluice('deploy', system, 'dev');
    const { variables } = JSON.parse((await sluice('env', system, 'dev', '--json')).stdout) as {
      variables: Record<string, string>;
    };

    // The same JSON by the engine alone, phase by phase, as functions cannot be made before their images are there.
    await sluice('destroy', system, 'dev', '--yes');
    const apply = async (): Promise<number> => {
      await execa(join(root, 'sluice'), ['plan', system, 'dev'], { cwd: root, env, stdin: 'ignore', reject: false });
      const since = Date.now();
      await execa(variables['TERRAFORM_BINARY_NAME']!, ['apply', '-auto-approve', '-input=false', '-no-color'], {
        cwd: join(folder, 'cdktf.out/stacks', `${system}-dev`),
        env: variables,
        stdin: 'ignore',
      });
      return (Date.now() - since) / 1000;
    };
    const phase1 = await apply();
    await sluice('images', 'push', system, 'dev');
    const raw = phase1 + (await apply());
    const over = first.seconds - raw;
    print(`up ${system} dev, against tofu apply of the same JSON`, [
      { what: 'tofu apply of both phases, without what is between them', value: `${raw.toFixed(1)} s` },
      { what: 'up, both phases, images built before', value: `${first.seconds.toFixed(1)} s` },
      { what: 'ratio', value: (first.seconds / raw).toFixed(2) },
      { what: 'difference', value: `${over.toFixed(1)} s`, aim: 'at most 30 s', met: over <= 30 },
      {
        what: 'up again, nothing to do',
        value: `${second.seconds.toFixed(1)} s`,
        aim: 'at most 20 s',
        met: second.seconds <= 20,
      },
      { what: 'deploy, nothing to do', value: `${unchanged.seconds.toFixed(1)} s` },
    ]);
    await sluice('destroy', system, 'dev', '--yes');
  } finally {
    await sluice('down').catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}
