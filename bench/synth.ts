/** Synthesis of all stacks in all environments, against the same app run by ts-node as `cdktf init` sets it up. */
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurns, measure, median, print } from './measure';
import { root } from './paths';

/** What `cdktf init --template=typescript` (0.21) writes into tsconfig.json, as far as it changes what is compiled. */
const INIT_TSCONFIG = {
  compilerOptions: {
    alwaysStrict: true,
    declaration: true,
    experimentalDecorators: true,
    inlineSourceMap: true,
    inlineSources: true,
    lib: ['es2022'],
    module: 'CommonJS',
    noEmitOnError: true,
    noFallthroughCasesInSwitch: true,
    noImplicitAny: true,
    resolveJsonModule: true,
    strict: true,
    strictNullChecks: true,
    stripInternal: true,
    target: 'ES2022',
    incremental: true,
    skipLibCheck: true,
    esModuleInterop: true,
  },
};

export async function benchSynth(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-synth-'));
  const copy = join(folder, 'app');
  try {
    for (const part of ['main.ts', 'stacks', 'modules', 'environments', 'services']) {
      cpSync(join(root, part), join(copy, part), { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
    }
    writeFileSync(join(copy, 'package.json'), '{ "name": "app", "private": true }');
    writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(INIT_TSCONFIG));
    writeFileSync(join(copy, 'run.ts'), "import { main } from './main';\nmain(__dirname, []);\n");
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const env = (name: string) => ({ SLUICE_HOME: join(folder, 'home'), CDKTF_OUTDIR: join(folder, name) });

    const ours = () => measure(process.execPath, [join(root, 'scripts/synth.mjs')], { cwd: root, env: env('ours') });
    const theirs = () =>
      measure(process.execPath, [join(root, 'node_modules/ts-node/dist/bin.js'), 'run.ts'], {
        cwd: copy,
        env: env('theirs'),
      });
    await ours();
    const [mine, init] = await inTurns(5, [ours, theirs]);
    const seconds = [median(mine!.map((s) => s.seconds)), median(init!.map((s) => s.seconds))] as const;
    const ratio = seconds[0] / seconds[1];
    const peak = median(mine!.map((s) => s.peakMiB));
    print('synth: all stacks, all environments (medians of 5, in turns)', [
      { what: 'npm run synth', value: `${seconds[0].toFixed(2)} s` },
      { what: 'ts-node main.ts, as cdktf init sets it up', value: `${seconds[1].toFixed(2)} s` },
      { what: 'ratio', value: ratio.toFixed(2), aim: 'at most 0.25', met: ratio <= 0.25 },
      { what: 'peak memory', value: `${peak.toFixed(0)} MiB`, aim: 'at most 150 MB', met: peak * 1.048576 <= 150 },
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
