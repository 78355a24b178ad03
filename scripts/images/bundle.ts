/**
 * Turns a service's source into the build context of its image: the Dockerfile, the bundle and the files that the
 * service declares. The same source gives the same bytes on every machine and in every folder.
 */
import { mkdir, readdir, readFile, stat, utimes, writeFile, chmod } from 'node:fs/promises';
import { dirname, join, posix, relative, sep } from 'node:path';
import { build, type BuildFailure, type Plugin } from 'esbuild';
import { z } from 'zod';
import { UsageError, UserError } from '../console/errors';
import { exists, sha256 } from './folders';

const inside = z
  .string()
  .min(1)
  .refine(
    (path) => !posix.isAbsolute(path) && !posix.normalize(path).startsWith('..'),
    'must be a path inside the service',
  );

/** `service.json`: what of a service's folder goes into its image. */
export const serviceFileSchema = z
  .strictObject({
    /** The TypeScript file that starts the service. */
    entry: inside.refine((path) => path.endsWith('.ts'), 'must be a TypeScript file'),
    /** Name of the bundle in the image. @default - `main.mjs`, or `main.js` as CommonJS */
    output: z
      .string()
      .regex(/^[\w-]+\.(js|mjs|cjs)$/, 'must be the name of a .js, .mjs or .cjs file')
      .optional(),
    format: z.enum(['esm', 'cjs']).default('esm'),
    /** Files and folders that the service reads at run time, at the same paths beside the bundle. */
    files: z.array(inside).default([]),
    /** Identifiers in the code that the bundler replaces. */
    define: z.record(z.string().regex(/^\w+$/), z.enum(['version'])).default({ __VERSION__: 'version' }),
    /** Packages that are not to be shipped, each with the file that takes its place: a path relative to the service. */
    replace: z
      .record(
        z.string().min(1),
        z.string().regex(/^\.{1,2}\/.+\.ts$/, 'must be the relative path of a TypeScript file'),
      )
      .default({}),
    dockerfile: inside.default('Dockerfile'),
  })
  .transform((service) => ({
    ...service,
    output: service.output ?? (service.format === 'esm' ? 'main.mjs' : 'main.js'),
  }))
  .refine(({ format, output }) => format === 'cjs' || output.endsWith('.mjs'), {
    path: ['output'],
    message: 'must end in .mjs when the format is esm',
  })
  .refine(({ format, output }) => format === 'esm' || !output.endsWith('.mjs'), {
    path: ['output'],
    message: 'must end in .js or .cjs when the format is cjs',
  });

export type ServiceFile = z.infer<typeof serviceFileSchema>;

export interface BundleRequest {
  /** Folder of the service, with its `service.json` and Dockerfile. */
  readonly source: string;
  /** @default - as `service.json` says, else `<source>/Dockerfile` */
  readonly dockerfile?: string;
  /** Root of the repository: where packages are resolved. */
  readonly root: string;
  /** Version of the product; `__VERSION__` becomes `<version>+<hash of the code>`. */
  readonly version: string;
}

export interface ContextFile {
  /** Path in the build context, with slashes. */
  readonly path: string;
  readonly content: Buffer;
}

export interface Bundle {
  /** Path of the Dockerfile it was made with. */
  readonly dockerfile: string;
  readonly files: readonly ContextFile[];
  /** What `__VERSION__` says inside. */
  readonly version: string;
  /** Not shipped: for reading stack traces. */
  readonly sourceMap: Buffer;
}

/** The folder in the build context whose content becomes the working folder of the image. */
export const APP_FOLDER = 'dist';
const PLACEHOLDER = '@@sluice.version@@';

/** CommonJS packages inside an ES module still ask for these three. */
const BANNER = [
  "import{createRequire as __sluiceRequire}from'node:module';",
  "import{fileURLToPath as __sluicePath}from'node:url';",
  "import{dirname as __sluiceFolder}from'node:path';",
  'const require=__sluiceRequire(import.meta.url);',
  'const __filename=__sluicePath(import.meta.url);',
  'const __dirname=__sluiceFolder(__filename);',
].join('');

export async function readServiceFile(source: string): Promise<ServiceFile> {
  const path = join(source, 'service.json');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(
      `${path} cannot be read: ${(cause as Error).message}`,
      'A service that ships as an image declares {"entry": "main.ts"} there.',
    );
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${(cause as Error).message}`);
  }
  const parsed = serviceFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `- ${issue.path.join('.') || 'the file'}: ${issue.message}`);
  throw new UsageError(
    `${path}: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}\n${problems.join('\n')}`,
  );
}

export async function bundleService(request: BundleRequest): Promise<Bundle> {
  const { source, root } = request;
  const service = await readServiceFile(source);
  const dockerfile = request.dockerfile ?? join(source, service.dockerfile);
  const { code, map } = await compile(source, service, root);
  const version = `${request.version}+${sha256(code).slice(0, 12)}`;
  const declared = (await Promise.all(service.files.map((path) => collect(source, path)))).flat();
  const files: ContextFile[] = [
    { path: 'Dockerfile', content: await readDockerfile(dockerfile) },
    { path: `${APP_FOLDER}/${service.output}`, content: Buffer.from(code.replaceAll(PLACEHOLDER, version)) },
    ...declared,
  ];
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { dockerfile, files, version, sourceMap: map };
}

/** Puts the build context on disk with fixed times and modes, so that they cannot reach the image. */
export async function writeContext(bundle: Bundle, folder: string): Promise<void> {
  const folders = new Set<string>([folder]);
  for (const file of bundle.files) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.content);
    await chmod(path, 0o644);
    await utimes(path, 0, 0);
    for (let parent = dirname(path); parent.length > folder.length; parent = dirname(parent)) folders.add(parent);
  }
  for (const path of [...folders].sort((a, b) => b.length - a.length)) {
    await chmod(path, 0o755);
    await utimes(path, 0, 0);
  }
}

async function compile(source: string, service: ServiceFile, root: string): Promise<{ code: string; map: Buffer }> {
  const entry = join(source, service.entry);
  const esm = service.format === 'esm';
  if (!(await exists(entry))) throw new UsageError(`${entry} does not exist; service.json names it as the entry`);
  const alias: Record<string, string> = {};
  for (const [name, path] of Object.entries(service.replace)) {
    alias[name] = join(source, path);
    if (!(await exists(alias[name]))) {
      throw new UsageError(`${alias[name]} does not exist; service.json puts it in the place of ${name}`);
    }
  }
  try {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile: join(root, service.output),
      bundle: true,
      minify: true,
      format: service.format,
      platform: 'node',
      target: 'node20',
      mainFields: ['module', 'main'],
      banner: esm ? { js: BANNER } : undefined,
      define: Object.fromEntries(Object.keys(service.define).map((name) => [name, JSON.stringify(PLACEHOLDER)])),
      // Empty at run time in CommonJS: found now or not at all.
      logOverride: { 'empty-import-meta': 'error' },
      legalComments: 'none',
      sourcemap: 'external',
      charset: 'utf8',
      logLevel: 'silent',
      write: false,
      // pino loads its own worker only for transports, and these do not run in our containers.
      external: ['pino-pretty'],
      alias,
      plugins: [usedShapesOnly],
    });
    const code = outputFiles.find((file) => !file.path.endsWith('.map'));
    const map = outputFiles.find((file) => file.path.endsWith('.map'));
    if (code === undefined || map === undefined) throw new Error('esbuild returned no bundle');
    return { code: code.text, map: Buffer.from(map.contents) };
  } catch (error) {
    const failure = error as Partial<BuildFailure>;
    if (failure.errors === undefined) throw error;
    const lines = failure.errors.map(({ text, location }) =>
      location ? `${location.file}:${location.line}:${location.column}: ${text}` : text,
    );
    throw new UserError(`${relative(root, entry)} cannot be bundled:\n${lines.join('\n')}`);
  }
}

/**
 * The AWS SDK describes every shape of a service as a constant whose keys are computed from other constants. esbuild takes
 * that for a side effect and ships all of them; with the keys written out it ships what is used.
 */
const usedShapesOnly: Plugin = {
  name: 'used-shapes-only',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]@aws-sdk[\\/].+[\\/]schemas[\\/]schemas_\d+\.js$/ }, async ({ path }) => ({
      contents: withPlainKeys(await readFile(path, 'utf8')),
      loader: 'js',
    })),
};

/** Exported for tests. */
export function withPlainKeys(code: string): string {
  const constants = new Map(
    [...code.matchAll(/^const (\w+) = ("[^"\\\n]*");$/gm)].map(([, name, text]) => [name, text]),
  );
  return code.replace(/\[(\w+)\](?=: )/g, (key, name: string) =>
    constants.has(name) ? `[${constants.get(name)}]` : key,
  );
}

async function readDockerfile(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read: ${(cause as Error).message}`);
  });
}

async function collect(source: string, path: string): Promise<ContextFile[]> {
  const full = join(source, path);
  const found = await stat(full).catch(() => undefined);
  if (found === undefined) throw new UsageError(`${full} does not exist; service.json lists it in files`);
  if (!found.isDirectory()) return [{ path: `${APP_FOLDER}/${portable(path)}`, content: await readFile(full) }];
  const names = (await readdir(full)).filter((name) => !/\.test\.ts$|^\./.test(name));
  return (await Promise.all(names.map((name) => collect(source, join(path, name))))).flat();
}

function portable(path: string): string {
  return posix.normalize(path.split(sep).join('/'));
}
