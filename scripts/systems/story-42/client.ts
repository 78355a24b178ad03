/**
 * The static client as the files of its bucket. Names of assets carry a hash of their content, so they may be kept for
 * ever; `index.html` names them and is asked for anew each time. The same source gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildFailure } from 'esbuild';
import { UserError } from '../../console/errors';
import { repositoryRoot } from '../../session/folders';

export interface ClientFile {
  /** Key in the bucket, without a leading slash. */
  readonly path: string;
  readonly content: Buffer;
  readonly contentType: string;
  readonly cacheControl: string;
}

export interface ClientOptions {
  /** Origins that the page asks, beside its own: story API and Cognito. @default - any by https, and this machine */
  readonly connectOrigins?: readonly string[];
  /** Origins of pictures and audio. @default - any by https, and this machine */
  readonly mediaOrigins?: readonly string[];
}

const source = join(repositoryRoot, 'services/story-42/client');
const anywhere = ['https:', 'http://127.0.0.1:*', 'http://localhost:*'] as const;
const immutable = 'public, max-age=31536000, immutable';
const always = 'no-cache';
const licensed = ['fraunces', 'literata'] as const;

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

/** All files of the page, `index.html` last: who copies them in this order never serves a page without its assets. */
export async function bundleClient(options: ClientOptions = {}): Promise<ClientFile[]> {
  const [assets, icon, licences, template] = await Promise.all([
    compile(),
    readFile(join(source, 'icon.svg')),
    Promise.all(licensed.map(licence)),
    readFile(join(source, 'index.html'), 'utf8'),
  ]);
  const iconFile = file(`assets/icon-${hashOf(icon)}.svg`, icon, immutable);
  const named = (pattern: RegExp): string => {
    const found = assets.find(({ path }) => pattern.test(path));
    if (found === undefined) throw new Error(`the bundle has no file like ${pattern}`);
    return `/${found.path}`;
  };
  const html = fill(template, {
    POLICY: contentSecurityPolicy(options),
    ICON: `/${iconFile.path}`,
    STYLE: named(/\/index-\w+\.css$/),
    SCRIPT: named(/\/main-\w+\.js$/),
  });
  const files = [...assets, iconFile, ...licences].sort((a, b) => (a.path < b.path ? -1 : 1));
  return [...files, file('index.html', Buffer.from(html), always)];
}

/** `frame-ancestors` is for a header only; the distribution sends it. */
export function contentSecurityPolicy({
  connectOrigins = anywhere,
  mediaOrigins = anywhere,
}: ClientOptions = {}): string {
  const from = (origins: readonly string[]) => ["'self'", ...new Set(origins)].join(' ');
  return [
    "default-src 'self'",
    `connect-src ${from(connectOrigins)}`,
    `img-src ${from(mediaOrigins)}`,
    `media-src ${from(mediaOrigins)}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
}

async function compile(): Promise<ClientFile[]> {
  try {
    const { outputFiles } = await build({
      absWorkingDir: repositoryRoot,
      entryPoints: [join(source, 'main.ts'), join(source, 'style/index.css')],
      outdir: repositoryRoot,
      entryNames: 'assets/[name]-[hash]',
      assetNames: 'assets/[name]-[hash]',
      publicPath: '/',
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: ['chrome123', 'firefox120', 'safari17.5'],
      loader: { '.woff2': 'file' },
      tsconfig: join(source, 'tsconfig.json'),
      legalComments: 'none',
      charset: 'utf8',
      logLevel: 'silent',
      write: false,
    });
    return outputFiles.map(({ path, contents }) =>
      file(path.slice(repositoryRoot.length + 1).replaceAll('\\', '/'), Buffer.from(contents), immutable),
    );
  } catch (error) {
    const failure = error as Partial<BuildFailure>;
    if (failure.errors === undefined) throw error;
    const lines = failure.errors.map(({ text, location }) =>
      location ? `${location.file}:${location.line}:${location.column}: ${text}` : text,
    );
    throw new UserError(`The client of story-42 cannot be bundled:\n${lines.join('\n')}`);
  }
}

/** The licence of a font goes along with it. */
async function licence(name: (typeof licensed)[number]): Promise<ClientFile> {
  const text = await readFile(join(repositoryRoot, 'node_modules/@fontsource-variable', name, 'LICENSE'));
  return file(`licences/${name}.txt`, text, 'public, max-age=86400');
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/%([A-Z]+)%/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`index.html asks for %${name}%, which nobody gives`);
    return value;
  });
}

function file(path: string, content: Buffer, cacheControl: string): ClientFile {
  const contentType = types[path.slice(path.lastIndexOf('.') + 1)];
  if (contentType === undefined) throw new Error(`${path} has no content type`);
  return { path, content, contentType, cacheControl };
}

const hashOf = (content: Buffer): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 8).toUpperCase();
