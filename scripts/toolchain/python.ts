/** Python environments, one for each tool that comes as a Python package: their pins differ. Made in place, valid only with
 * their stamp. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { cacheRoot, readJson, withLock } from './cache';
import { ask, run } from './process';
import type { PythonTool } from './types';
import { checkov, isAtLeast, ministack, moto, postgres, python as pinned, schemathesis } from './versions';

const here = dirname(fileURLToPath(import.meta.url));

interface PythonEnvironment {
  readonly title: string;
  /** The package it is made for. */
  readonly requirement: string;
  readonly version: string;
  /** Python that fails unless the environment serves its purpose. */
  readonly check: string;
  /** Takes the wheels of this Python whichever runs: for packages of which only the files are used. */
  readonly wheelsOf?: string;
}

export type EnvironmentName = 'ministack' | 'moto' | 'postgres' | 'checkov' | 'schemathesis';
export const environments: Readonly<Record<EnvironmentName, PythonEnvironment>> = {
  ministack: {
    title: 'MiniStack',
    requirement: 'ministack',
    version: ministack.version,
    check: 'import ministack, cbor2, docker, cryptography, psycopg2',
  },
  moto: { title: 'moto', requirement: 'moto', version: moto.version, check: 'import moto.server, flask' },
  postgres: {
    title: 'Postgres with pgvector: pgserver',
    requirement: 'pgserver',
    version: postgres.pgserver,
    wheelsOf: '3.12',
    check: [
      'import importlib.util, pathlib, subprocess',
      "root = pathlib.Path(importlib.util.find_spec('pgserver').origin).parent / 'pginstall'",
      `assert '${postgres.version}' in subprocess.check_output([root / 'bin/postgres', '--version'], text=True)`,
      "assert (root / 'share/postgresql/extension/vector.control').exists()",
    ].join('\n'),
  },
  checkov: { title: 'checkov', requirement: 'checkov', version: checkov.version, check: 'import checkov' },
  schemathesis: {
    title: 'schemathesis',
    requirement: 'schemathesis',
    version: schemathesis.version,
    check: 'import schemathesis',
  },
};

export const pythonRemedy = `Install Python ${pinned.atLeast.slice(0, -2)} or newer with venv and pip (Debian and Ubuntu: apt-get install python3 python3-venv).`;

export interface FoundPython {
  readonly path: string;
  readonly version: string;
}

/** The first Python on PATH that is new enough and can make environments. */
export async function findPython(): Promise<{ found?: FoundPython; problem?: string }> {
  let problem = 'Python is not installed.';
  for (const name of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python']) {
    const text = await ask(name, ['-c', 'import sys; print(sys.version.split()[0]); print(sys.executable)']);
    const [version, path] = text?.split('\n') ?? [];
    if (version === undefined || path === undefined) continue;
    if (!isAtLeast(version, pinned.atLeast)) problem = `Python ${version} is too old.`;
    else if ((await ask(path, ['-c', 'import venv, ensurepip'])) === undefined)
      problem = `Python ${version} (${path}) lacks venv or ensurepip.`;
    else return { found: { path, version } };
  }
  return { problem };
}

/** The environment if it is complete. Never installs. */
export async function findEnvironment(name: EnvironmentName): Promise<PythonTool | undefined> {
  const folder = await folderOf(name);
  const stamp = await readJson<{ version: string }>(join(folder, '.complete'));
  const python = interpreter(folder);
  if (stamp === undefined || !existsSync(python)) return undefined;
  const site = siteOf(folder);
  return site === undefined ? undefined : { python, version: stamp.version, site };
}

export async function ensureEnvironment(reporter: Reporter, name: EnvironmentName): Promise<PythonTool> {
  const found = await findEnvironment(name);
  // The interpreter it was made of may have been removed since.
  if (found !== undefined && (await ask(found.python, ['--version'])) !== undefined) return found;
  const { title, version } = environments[name];
  return reporter.step(`${title} ${version}`, (update) =>
    withLock(`python-${name}`, () => create(name, update), { update }),
  );
}

async function create(name: EnvironmentName, update: (line: string) => void): Promise<PythonTool> {
  const again = await findEnvironment(name);
  if (again !== undefined && (await ask(again.python, ['--version'])) !== undefined) return again;
  const { found, problem } = await findPython();
  if (found === undefined) throw new UserError(problem!, { remedy: pythonRemedy });
  const folder = await folderOf(name);
  // Environments hold absolute paths, so this one is made where it stays; the stamp at the end makes it count.
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  update('creating the environment');
  await run(found.path, ['-m', 'venv', folder], { remedy: pythonRemedy });
  const python = interpreter(folder);
  const { wheelsOf, check } = environments[name];
  const foreign = ['--target', siteOf(folder)!, '--python-version', wheelsOf ?? '', '--only-binary', ':all:'];
  await run(
    python,
    [
      '-m',
      'pip',
      'install',
      '--no-input',
      '--disable-pip-version-check',
      '--no-deps',
      '--require-hashes',
      ...(wheelsOf === undefined ? [] : foreign),
      '-r',
      requirements(name),
    ],
    {
      onLine: (line) => {
        if (/^(Collecting|Downloading|Installing|Building)/.test(line.trim())) update(line.trim());
      },
      remedy: 'Check that PyPI (or the index pip is configured for) can be reached, then run the command again.',
    },
  );
  update('checking');
  await run(python, ['-c', check]);
  await writeFile(
    join(folder, '.complete'),
    JSON.stringify({ version: environments[name].version, python: found.version }),
  );
  return (await findEnvironment(name))!;
}

/** A program that the environment's packages bring. */
export const programOf = ({ python }: PythonTool, name: string): string =>
  join(dirname(python), process.platform === 'win32' ? `${name}.exe` : name);

const requirements = (name: EnvironmentName) => join(here, 'python', `${name}.txt`);

/** Named by version and by the requirement file's content, so that a changed pin makes a new one. */
async function folderOf(name: EnvironmentName): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(requirements(name)))
    .digest('hex')
    .slice(0, 8);
  return join(cacheRoot(), 'python', `${name}-${environments[name].version}-${hash}`);
}

const interpreter = (folder: string) =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');

function siteOf(folder: string): string | undefined {
  if (process.platform === 'win32') return join(folder, 'Lib', 'site-packages');
  const version = readdirSync(join(folder, 'lib')).find((entry) => entry.startsWith('python3'));
  return version === undefined ? undefined : join(folder, 'lib', version, 'site-packages');
}
