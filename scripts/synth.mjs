/**
 * Bundles main.ts and runs it: the `app` of cdktf.json, and `npm run synth`. The bundle is kept and used again while no
 * file that went into it has changed, so that a synthesis costs little more than loading one script.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'node_modules', '.cache', 'sluice');
const recordFile = join(folder, 'synth.json');

/** Size and time of change of each file: a cheap sign that none of them changed. */
function stamp(files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) {
    const { size, mtimeMs } = statSync(resolve(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

function cached() {
  try {
    const { files } = JSON.parse(readFileSync(recordFile, 'utf8'));
    const bundle = join(folder, `synth-${stamp(files)}.cjs`);
    statSync(bundle);
    return bundle;
  } catch {
    return undefined;
  }
}

async function bundle() {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['main.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifyWhitespace: true,
    sourcemap: false,
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  // Packages change by installation only, which the lock file tells.
  const files = [
    ...Object.keys(metafile.inputs).filter((file) => !file.includes('node_modules/')),
    'package-lock.json',
  ].sort();
  mkdirSync(folder, { recursive: true });
  const target = join(folder, `synth-${stamp(files)}.cjs`);
  place(target, outputFiles[0].contents);
  place(recordFile, JSON.stringify({ files }));
  prune();
  return target;
}

/** Bundles of earlier sources go, but not those that another process may be about to load. */
function prune() {
  const yesterday = Date.now() - 24 * 60 * 60 * 1000;
  for (const file of readdirSync(folder).map((name) => join(folder, name))) {
    if (file.includes('synth-') && statSync(file, { throwIfNoEntry: false })?.mtimeMs < yesterday)
      rmSync(file, { force: true });
  }
}

/** Two processes may do this at once; each sees a whole file. */
function place(target, contents) {
  const temporary = `${target}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, target);
}

const script = cached() ?? (await bundle());
createRequire(import.meta.url)(script).main(root, process.argv.slice(2));
