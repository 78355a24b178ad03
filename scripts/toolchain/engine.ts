/** The Terraform engine: the machine's own, OpenTofu's release, or OpenTofu built from its Go module. */
import { chmod, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { cacheRoot, fillOnce, platform, readJson } from './cache';
import { checksumOf, download, fetchText, reachable } from './download';
import { goBuild, requireGo } from './go';
import { ask, run } from './process';
import type { Engine, Origin, Tool } from './types';
import { isAtLeast, openTofu, terraform } from './versions';

const here = dirname(fileURLToPath(import.meta.url));
export const releases = 'https://github.com/opentofu/opentofu/releases/download';

export type EngineTool = Tool & { readonly kind: Engine['kind'] };

const executable = (name: string) => (process.platform === 'win32' ? `${name}.exe` : name);
export const engineFolder = () => join(cacheRoot(), 'opentofu', `${openTofu.version}-${platform().id}`);

/** What this machine has: a named engine, `tofu` on PATH, or the one in the cache. Never installs. */
export async function findEngine(env: NodeJS.ProcessEnv = process.env): Promise<EngineTool | undefined> {
  const named = env['TERRAFORM_BINARY_NAME'];
  if (named) {
    const found = await probe(named, 'machine');
    if (found === undefined)
      throw new UserError(`TERRAFORM_BINARY_NAME is ${named}, but that does not run.`, {
        remedy: 'Correct the variable, or unset it to let Sluice choose.',
      });
    const atLeast = found.kind === 'terraform' ? terraform.atLeast : openTofu.atLeast;
    if (!isAtLeast(found.version, atLeast))
      throw new UserError(
        `TERRAFORM_BINARY_NAME names ${found.kind} ${found.version}; ${atLeast} or newer is needed.`,
        {
          remedy: 'Update it, or unset the variable to let Sluice choose.',
        },
      );
    return found;
  }
  const onPath = await probe('tofu', 'machine');
  if (onPath?.kind === 'opentofu' && isAtLeast(onPath.version, openTofu.atLeast)) return onPath;
  const manifest = await readJson<{ origin: Origin }>(join(engineFolder(), 'manifest.json'));
  return manifest && probe(join(engineFolder(), executable('tofu')), manifest.origin);
}

async function probe(path: string, origin: Origin): Promise<EngineTool | undefined> {
  const text = await ask(path, ['version', '-json'], {
    env: { TF_CLI_CONFIG_FILE: undefined, CHECKPOINT_DISABLE: '1' },
  });
  if (text === undefined) return undefined;
  const version = /"terraform_version":\s*"([^"]+)"/.exec(text)?.[1];
  if (version === undefined) return undefined;
  // Only the plain call says which of the two it is.
  const plain =
    (await ask(path, ['version'], { env: { TF_CLI_CONFIG_FILE: undefined, CHECKPOINT_DISABLE: '1' } })) ?? '';
  const kind = /^OpenTofu/m.test(plain) ? 'opentofu' : 'terraform';
  return { name: kind, kind, version, path, origin };
}

export function releaseFile(): string {
  const { os, arch } = platform();
  return `tofu_${openTofu.version}_${os}_${arch}.tar.gz`;
}

export function releaseSums(base = releases): string {
  return `${base}/v${openTofu.version}/tofu_${openTofu.version}_SHA256SUMS`;
}

/** The engine, after getting it when it is missing. */
export async function ensureEngineTool(reporter: Reporter): Promise<EngineTool> {
  const found = await findEngine();
  if (found !== undefined) return found;
  await reporter.step(`OpenTofu ${openTofu.version}`, async (update) => {
    await fillOnce('opentofu', engineFolder(), {
      update,
      usable: async () => (await findEngine()) !== undefined,
      fill: async (folder) => {
        const origin = (await reachable(releaseSums()))
          ? await fromRelease(folder, update)
          : await fromSource(folder, update);
        await writeFile(join(folder, 'manifest.json'), JSON.stringify({ version: openTofu.version, origin }));
        if ((await probe(join(folder, executable('tofu')), origin)) === undefined)
          throw new UserError(`The new OpenTofu (${origin}) does not run on this machine.`);
      },
    });
  });
  const engine = await findEngine();
  if (engine === undefined) throw new Error(`${engineFolder()} was filled but holds no engine`);
  return engine;
}

/** OpenTofu's release archive. */
export async function fromRelease(folder: string, update: (line: string) => void, base = releases): Promise<Origin> {
  const sums = await fetchText(releaseSums(base));
  const archive = join(folder, releaseFile());
  await download(`${base}/v${openTofu.version}/${releaseFile()}`, checksumOf(sums, releaseFile()), archive, { update });
  await run('tar', ['-xzf', archive, '-C', folder, executable('tofu')]);
  await rm(archive);
  return 'download';
}

/** OpenTofu's Go module, its dependencies as in the go.sum beside this file. */
async function fromSource(folder: string, update: (line: string) => void): Promise<Origin> {
  const go = await requireGo();
  const source = join(folder, 'source');
  await mkdir(source);
  for (const file of ['go.mod', 'go.sum']) await cp(join(here, 'opentofu', file), join(source, file));
  await goBuild({
    go,
    folder: source,
    package: 'github.com/opentofu/opentofu/cmd/tofu',
    output: join(folder, executable('tofu')),
    ldflags: '-s -w -X github.com/opentofu/opentofu/version.dev=no',
    temporary: folder,
    update,
  });
  await chmod(join(folder, executable('tofu')), 0o755);
  for (const left of ['source', 'go']) await rm(join(folder, left), { recursive: true, force: true });
  return 'build';
}
