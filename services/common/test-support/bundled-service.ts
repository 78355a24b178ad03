/** A service as its container runs it: bundled into one file. For tests that start it as a process. */
import { build } from 'esbuild';
import { join } from 'node:path';

/** Bundles `<source>/main.ts` into `<folder>/server.js`; its version is 9.9.9. */
export async function bundleForTest(source: string, folder: string): Promise<void> {
  await build({
    entryPoints: [join(source, 'main.ts')],
    outfile: join(folder, 'server.js'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    define: { __VERSION__: '"9.9.9"' },
    logLevel: 'error',
  });
}
