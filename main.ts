/**
 * The CDKTF app: every system in every environment becomes a stack `<system>-<environment>`. Run by scripts/synth.mjs,
 * by the commands and by the CDKTF CLI; what it is asked for comes in environment variables:
 * SLUICE_TARGET, SLUICE_STACKS, SLUICE_HOME, IMAGES_READY (or the context imagesReady), SLUICE_BOOTSTRAP_BACKEND, CDKTF_OUTDIR.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ImagesLockError } from './environments/lock';
import { ConfigurationError, environmentNames, parseTarget } from './environments/schema';
import { PropsError } from './modules/checks/checks';
import { buildApp, type AppRequest } from './stacks/app';
import { BOOTSTRAP, type BootstrapBackend } from './stacks/bootstrap/stack';
import { parseImagesReady } from './stacks/gate';
import { writeStacks } from './stacks/output-folder';

/** Bad usage or configuration. */
const EXIT_USAGE = 64;

function readRequest(env: NodeJS.ProcessEnv, root: string, args: readonly string[]): AppRequest {
  // A variable that is set to nothing is not set.
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const context = {
    ...(JSON.parse(given('CDKTF_CONTEXT_JSON') ?? '{}') as Record<string, unknown>),
    ...contextOf(args),
  };
  return {
    root,
    outdir: resolve(root, given('CDKTF_OUTDIR') ?? 'cdktf.out'),
    home: resolve(root, given('SLUICE_HOME') ?? '.sluice'),
    target: parseTarget(given('SLUICE_TARGET') ?? 'local'),
    stacks: given('SLUICE_STACKS')?.split(','),
    imagesReady:
      parseImagesReady(env['IMAGES_READY'], 'IMAGES_READY') ??
      parseImagesReady(context['imagesReady'], 'context imagesReady'),
    bootstrapBackend: parseBackend(given('SLUICE_BOOTSTRAP_BACKEND')),
  };
}

/** `-c name=value`, as often as wanted. The CDKTF CLI takes its context from cdktf.json instead. */
function contextOf(args: readonly string[]): Record<string, string> {
  const given = args.flatMap((arg, index) => (arg === '-c' || arg === '--context' ? [args[index + 1] ?? ''] : []));
  return Object.fromEntries(
    given.map((pair) => {
      const [name = '', value] = pair.split(/=(.*)/s);
      if (name !== 'imagesReady' || value === undefined) {
        throw new ConfigurationError('context', [
          `"${pair}" is unknown; there is: imagesReady=true, imagesReady=false`,
        ]);
      }
      return [name, value];
    }),
  );
}

function parseBackend(value: string | undefined): BootstrapBackend | undefined {
  if (value === undefined || value === '' || value === 'local' || value === 's3')
    return value === '' ? undefined : value;
  throw new ConfigurationError('SLUICE_BOOTSTRAP_BACKEND', [`is "${value}"; allowed: local, s3`]);
}

function synthesise(request: AppRequest): void {
  writeStacks(request.outdir, (scratch) => {
    const { app, stacks } = buildApp({ ...request, outdir: scratch });
    app.synth();
    return stacks;
  });
}

/** Every resource and data source type of every stack, the bootstrap and both phases included. Writes nothing that stays. */
function listTypes(request: AppRequest): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'sluice-types-'));
  try {
    const types = [true, false].flatMap((imagesReady) => {
      const bootstrap = environmentNames.map((environment) => `${BOOTSTRAP}-${environment}`);
      return [undefined, bootstrap].flatMap((names) => {
        const { stacks } = buildApp({
          ...request,
          target: 'local',
          outdir,
          stacks: names,
          imagesReady,
          placeholders: true,
        });
        return stacks.flatMap((stack) => {
          const { resource = {}, data = {} } = stack.toTerraform() as Record<'resource' | 'data', object | undefined>;
          return [...Object.keys(resource), ...Object.keys(data)];
        });
      });
    });
    return [...new Set(types)].sort();
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

export function main(root: string, args: readonly string[]): void {
  try {
    const request = readRequest(process.env, root, args);
    if (args.includes('--types')) process.stdout.write(`${JSON.stringify(listTypes(request))}\n`);
    else synthesise(request);
  } catch (error) {
    if (!(error instanceof ConfigurationError || error instanceof PropsError || error instanceof ImagesLockError))
      throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_USAGE;
  }
}
