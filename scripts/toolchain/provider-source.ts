/**
 * Reads and prunes the AWS provider's Go source: which service packages some resource types need, what those packages
 * import of each other, and the two generated files cut down to them. Pure text work and folder reads; builds nothing.
 */
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../console/errors';
import { awsProvider } from './versions';

const SERVICES = 'internal/service';
const SERVICE_LIST = 'internal/provider/sdkv2/service_packages_gen.go';
const CLIENTS = 'internal/conns/awsclient_gen.go';
/** Folders that only the provider's own tests and generators use. */
const LEFT_OUT = new Set(['acctest', 'generate', 'service']);
/** Kept whatever the stacks use: the provider's own account and region look-ups. */
const ALWAYS = ['meta', 'sts'];

/** Resource, data source or ephemeral type -> service packages that define it. */
export async function readTypeIndex(source: string): Promise<Map<string, Set<string>>> {
  const index = new Map<string, Set<string>>();
  for (const service of await serviceFolders(source)) {
    const text = await readFile(join(source, SERVICES, service, 'service_package_gen.go'), 'utf8').catch(() => '');
    for (const [, type] of text.matchAll(/TypeName:\s*"(aws_[a-z0-9_]+)"/g)) {
      const packages = index.get(type!) ?? new Set<string>();
      index.set(type!, packages.add(service));
    }
  }
  return index;
}

/** Every type that the service packages define; sorted. */
export async function typesOf(source: string, services: readonly string[]): Promise<string[]> {
  const index = await readTypeIndex(source);
  return [...index]
    .filter(([, packages]) => services.some((service) => packages.has(service)))
    .map(([type]) => type)
    .sort();
}

/** Service packages for the types, with everything those import of each other. Types of other providers are ignored. */
export async function servicesFor(source: string, types: readonly string[]): Promise<string[]> {
  const index = await readTypeIndex(source);
  const wanted = types.filter((type) => type.startsWith('aws_'));
  const unknown = [...new Set(wanted.filter((type) => !index.has(type)))].sort();
  if (unknown.length > 0)
    throw new UserError(`The AWS provider ${awsProvider.version} has no ${unknown.join(', ')}.`, {
      remedy: 'Check the spelling, or raise the provider version in scripts/toolchain/versions.ts.',
    });
  return closure(source, [...ALWAYS, ...wanted.flatMap((type) => [...index.get(type)!])]);
}

/** The packages and what they import of other service packages, directly or not; sorted. */
export async function closure(source: string, services: readonly string[]): Promise<string[]> {
  const seen = new Set<string>();
  const queue = [...services];
  for (let service = queue.pop(); service !== undefined; service = queue.pop()) {
    if (seen.has(service)) continue;
    seen.add(service);
    for (const text of await goFiles(join(source, SERVICES, service)))
      for (const [, imported] of text.matchAll(/terraform-provider-aws\/internal\/service\/([a-z0-9_]+)/g))
        queue.push(imported!);
  }
  return [...seen].sort();
}

/** Import and list lines of the services that are not kept are taken out. */
export function pruneServiceList(text: string, keep: ReadonlySet<string>): string {
  return text
    .split('\n')
    .filter((line) => {
      const name =
        /terraform-provider-aws\/internal\/service\/([a-z0-9_]+)"/.exec(line)?.[1] ??
        /^\s*([a-z0-9_]+)\.ServicePackage\(ctx\),/.exec(line)?.[1];
      return name === undefined || keep.has(name);
    })
    .join('\n');
}

/** Client methods that nobody calls are taken out, and then the SDK imports that no method needs. */
export function pruneClients(text: string, isCalled: (method: string) => boolean): string {
  const methods = text.replace(/^func \(c \*AWSClient\) (\w+)\([^\n]*\{\n[\s\S]*?^\}\n\n?/gm, (method, name: string) =>
    isCalled(name) ? method : '',
  );
  const used = new Set([...methods.matchAll(/\b(\w+)\.Client\b/g)].map((match) => match[1]));
  return methods
    .split('\n')
    .filter((line) => {
      const sdk = /^\s+"github\.com\/aws\/aws-sdk-go-v2\/service\/([a-z0-9]+)"/.exec(line)?.[1];
      return sdk === undefined || used.has(sdk);
    })
    .join('\n');
}

/** Writes the pruned source tree; `source` (the read-only module cache) is left as it is. */
export async function writePrunedSource(source: string, target: string, services: readonly string[]): Promise<void> {
  await mkdir(target, { recursive: true });
  const filter = (path: string) => !path.endsWith('_test.go') && !/\/(testdata|test-fixtures)$/.test(path);
  const copy = (path: string) => cp(join(source, path), join(target, path), { recursive: true, filter });
  for (const path of ['names', 'version', 'main.go', 'go.mod', 'go.sum']) await copy(path);
  for (const entry of await readdir(join(source, 'internal')))
    if (!LEFT_OUT.has(entry)) await copy(`internal/${entry}`);
  await mkdir(join(target, SERVICES), { recursive: true });
  await copy(`${SERVICES}/smarterr.hcl`);
  for (const service of services) await copy(`${SERVICES}/${service}`);
  // The provider embeds `service/*/smarterr.hcl` and does not compile when no service has one: keep them all, they are small.
  for (const service of await serviceFolders(source)) {
    const words = `${SERVICES}/${service}/smarterr.hcl`;
    if (existsSync(join(source, words))) await copy(words);
  }
  await makeWritable(target);

  const rewrite = async (path: string, change: (text: string) => string) =>
    writeFile(join(target, path), change(await readFile(join(target, path), 'utf8')));
  const keep = new Set(services);
  await rewrite(SERVICE_LIST, (text) => pruneServiceList(text, keep));
  const generated = await readFile(join(target, CLIENTS), 'utf8');
  const called = new Set<string>();
  for (const text of await goFiles(join(target, 'internal')))
    if (text !== generated) for (const [, name] of text.matchAll(/\.(\w+Client)\(/g)) called.add(name!);
  await rewrite(CLIENTS, (text) => pruneClients(text, (method) => called.has(method)));
}

async function serviceFolders(source: string): Promise<string[]> {
  const entries = await readdir(join(source, SERVICES), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Texts of all Go files below a folder that a build would take. */
async function goFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter(
    (entry) => entry.isFile() && entry.name.endsWith('.go') && !entry.name.endsWith('_test.go'),
  );
  return Promise.all(files.map((file) => readFile(join(file.parentPath ?? file.path, file.name), 'utf8')));
}

/** The module cache is read-only, and so are copies of it. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    await chmod(join(entry.parentPath ?? entry.path, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}
