/** The Go toolchain of this machine, and builds with it whose modules are checked against a go.sum of ours. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../console/errors';
import { ask, run } from './process';
import { go as pinned, isAtLeast } from './versions';

export interface Go {
  readonly path: string;
  readonly version: string;
}

export const goRemedy = `Install Go ${pinned.atLeast} or newer from https://go.dev/dl/ and put it on PATH.`;

/** The Go on PATH, or nothing. Older releases (1.21 up) fetch the toolchain a go.mod names by themselves. */
export async function findGo(): Promise<Go | undefined> {
  const version = /go(\d+\.\d+(\.\d+)?)/.exec(
    (await ask('go', ['env', 'GOVERSION'], { env: { GOTOOLCHAIN: 'local' } })) ?? '',
  )?.[1];
  return version === undefined ? undefined : { path: 'go', version };
}

/** Go >= 1.21 can stand in for a newer one through the module proxy. */
export function goProblem(found: Go | undefined): string | undefined {
  if (found === undefined) return 'Go is not installed.';
  if (!isAtLeast(found.version, '1.21.0')) return `Go ${found.version} is too old.`;
  return undefined;
}

export async function requireGo(): Promise<Go> {
  const found = await findGo();
  const problem = goProblem(found);
  if (found === undefined || problem !== undefined)
    throw new UserError(`${problem} It is needed because the normal download does not answer.`, { remedy: goRemedy });
  return found;
}

/** The user's proxy, certificates and module cache are kept; everything that could change what is built is not. */
export function goEnvironment(found: Go, temporary: string): Record<string, string | undefined> {
  return {
    GOFLAGS: '-mod=readonly',
    GOWORK: 'off',
    GOTOOLCHAIN: isAtLeast(found.version, pinned.atLeast) ? 'local' : 'auto',
    GOTMPDIR: temporary,
    CGO_ENABLED: '0',
    GOOS: undefined,
    GOARCH: undefined,
    GOEXPERIMENT: undefined,
  };
}

export interface BuildOptions {
  readonly go: Go;
  /** Folder with go.mod and go.sum. */
  readonly folder: string;
  readonly package: string;
  readonly output: string;
  readonly ldflags: string;
  readonly temporary: string;
  readonly update: (line: string) => void;
}

/** Downloads what the package needs (checked against go.sum) and compiles it, saying how far it is. */
export async function goBuild(options: BuildOptions): Promise<void> {
  const work = join(options.temporary, 'go');
  await mkdir(work, { recursive: true });
  const env = goEnvironment(options.go, work);
  let modules = 0;
  const fetching = (line: string) => {
    if (line.startsWith('go: downloading ')) options.update(`download ${++modules}: ${line.slice(16)}`);
  };
  options.update('reading the module graph');
  const remedy =
    'Run the command again: finished packages are kept. If modules cannot be fetched, check the network and GOPROXY.';
  const list = await run('go', ['list', '-deps', '-f', '{{if not .Standard}}{{.ImportPath}}{{end}}', options.package], {
    cwd: options.folder,
    env,
    onLine: fetching,
    remedy,
  });
  const all = new Set(list.split('\n').filter((line) => line !== ''));
  let compiled = 0;
  await run(
    'go',
    ['build', '-v', '-buildvcs=false', '-trimpath', '-ldflags', options.ldflags, '-o', options.output, options.package],
    {
      cwd: options.folder,
      env,
      remedy,
      onLine: (line) => {
        if (all.has(line)) options.update(`compiled ${++compiled} of at most ${all.size}: ${line}`);
        else fetching(line);
      },
    },
  );
}
