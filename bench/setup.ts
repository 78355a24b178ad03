/** From registries alone to a usable toolchain, in empty caches; then the same again, warm. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { measure, print } from './measure';
import { root } from './paths';

export async function benchSetup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-setup-'));
  const env = {
    SLUICE_CACHE: join(folder, 'cache'),
    GOMODCACHE: join(folder, 'gomod'),
    GOCACHE: join(folder, 'gocache'),
    PIP_CACHE_DIR: join(folder, 'pip'),
    SLUICE_DOWNLOADS: 'off',
  };
  const setUp = () =>
    measure(process.execPath, ['--import', 'tsx', join(root, 'bench/set-up-tools.ts')], { cwd: root, env });
  try {
    const cold = await setUp();
    const warm = await setUp();
    print('set-up: engine, provider, emulators, containers', [
      {
        what: 'cold, empty caches',
        value: `${(cold.seconds / 60).toFixed(1)} min`,
        aim: 'at most 9 min',
        met: cold.seconds <= 540,
      },
      { what: 'warm', value: `${warm.seconds.toFixed(1)} s` },
      { what: 'ratio warm to cold', value: (warm.seconds / cold.seconds).toFixed(3) },
    ]);
  } finally {
    // Go makes its module cache read-only.
    await execa('chmod', ['-R', 'u+w', folder], { reject: false });
    await execa('rm', ['-rf', folder]);
  }
}
