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

    // The same JSON, gate open, by the engine alone in the account next door, which is empty.
    const tofu = async (...args: string[]): Promise<number> => {
      const since = Date.now();
      await execa(variables['TERRAFORM_BINARY_NAME']!, args, {
        cwd: join(folder, 'cdktf.out/stacks', `${system}-dev`),
        env: variables,
        stdin: 'ignore',
      });
      return (Date.now() - since) / 1000;
    };
    await tofu('destroy', '-auto-approve', '-input=false', '-no-color');
    const raw = await tofu('apply', '-auto-approve', '-input=false', '-no-color');
    const over = first.seconds - raw;
    print(`up ${system} dev, against tofu apply of the same JSON`, [
      { what: 'tofu apply of everything at once', value: `${raw.toFixed(1)} s` },
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
