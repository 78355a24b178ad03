import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { contentHashOf } from './build';
import { bundleService, writeContext, type Bundle } from './bundle';

const dockerfile =
  'ARG BASE_IMAGE=node:20-slim\nFROM ${BASE_IMAGE}\nWORKDIR /app\nCOPY dist/ ./\nCMD ["node", "main.mjs"]\n';
const main = `
  import { readFileSync } from 'node:fs';
  import { join } from 'node:path';
  import { greeting } from './greeting';
  declare const __VERSION__: string;
  console.log(JSON.stringify({ greeting, version: __VERSION__, skill: readFileSync(join(import.meta.dirname, 'agent/skills/a.yaml'), 'utf8') }));
`;
let root: string;
let source: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-bundle-')));
  source = join(root, 'services/x');
  mkdirSync(join(source, 'agent/skills'), { recursive: true });
  writeFileSync(join(source, 'service.json'), '{"entry":"main.ts","files":["agent/skills"]}');
  writeFileSync(join(source, 'Dockerfile'), dockerfile);
  writeFileSync(join(source, 'main.ts'), main);
  writeFileSync(join(source, 'greeting.ts'), "export const greeting = 'hello';");
  writeFileSync(join(source, 'agent/skills/a.yaml'), 'name: a\n');
  writeFileSync(join(source, 'agent/skills/a.test.ts'), 'never shipped');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const bundle = (at = root): Promise<Bundle> =>
  bundleService({ source: join(at, 'services/x'), root: at, version: '1.2.3' });
const hash = async () => contentHashOf(await bundle(), 'base');

test('the context holds the Dockerfile, the bundle and the declared files, and runs', async () => {
  const made = await bundle();
  expect(made.files.map(({ path }) => path)).toEqual(['Dockerfile', 'dist/agent/skills/a.yaml', 'dist/main.mjs']);
  expect(made.version).toMatch(/^1\.2\.3\+[0-9a-f]{12}$/);
  const context = join(root, 'context');
  await writeContext(made, context);
  const { stdout } = await execa(process.execPath, [join(context, 'dist/main.mjs')]);
  expect(JSON.parse(stdout)).toEqual({ greeting: 'hello', version: made.version, skill: 'name: a\n' });
  expect(statSync(join(context, 'dist/main.mjs')).mtimeMs).toBe(0);
  expect(statSync(join(context, 'dist')).mtimeMs).toBe(0);
});

test('the same source in another folder, at another time, gives the same bytes', async () => {
  const first = await bundle();
  const other = join(root, 'elsewhere/deeper');
  cpSync(join(root, 'services'), join(other, 'services'), { recursive: true });
  utimesSync(join(other, 'services/x/main.ts'), 1, 1);
  const second = await bundle(other);
  expect(second.version).toBe(first.version);
  expect(second.files).toEqual(first.files);
  expect(contentHashOf(second, 'base')).toBe(contentHashOf(first, 'base'));
});

test.each([
  ['code', () => writeFileSync(join(source, 'greeting.ts'), "export const greeting = 'bye';")],
  ['a declared file', () => writeFileSync(join(source, 'agent/skills/a.yaml'), 'name: b\n')],
  ['a new declared file', () => writeFileSync(join(source, 'agent/skills/b.yaml'), '')],
  ['the Dockerfile', () => writeFileSync(join(source, 'Dockerfile'), `${dockerfile}EXPOSE 1\n`)],
])('%s changes the content hash', async (_what, change) => {
  const before = await hash();
  change();
  expect(await hash()).not.toBe(before);
});

test('the base and build arguments change the content hash; a comment and an unrelated file do not', async () => {
  const before = await hash();
  writeFileSync(join(source, 'greeting.ts'), "// why\nexport const greeting = 'hello';");
  writeFileSync(join(source, 'notes.md'), 'x');
  expect(await hash()).toBe(before);
  expect(contentHashOf(await bundle(), 'other base')).not.toBe(before);
  expect(contentHashOf(await bundle(), 'base', { RELEASE: '2' })).not.toBe(before);
});

test('CommonJS under another name, with another word for the version', async () => {
  writeFileSync(
    join(source, 'service.json'),
    '{"entry":"main.ts","format":"cjs","output":"server.js","define":{"RELEASE":"version"}}',
  );
  writeFileSync(
    join(source, 'main.ts'),
    "import { join } from 'node:path'; declare const RELEASE: string; console.log(RELEASE, typeof join, typeof require);",
  );
  const made = await bundle();
  await writeContext(made, join(root, 'context'));
  const { stdout } = await execa(process.execPath, [join(root, 'context/dist/server.js')]);
  expect(stdout).toBe(`${made.version} function function`);
  writeFileSync(join(source, 'main.ts'), 'console.log(import.meta.url);');
  await expect(bundle()).rejects.toMatchObject({ message: expect.stringContaining('"import.meta" is not available') });
});

test.each([
  ['{"entry":"main.ts","output":"server.js"}', /output: must end in \.mjs when the format is esm$/],
  [
    '{"entry":"main.ts","format":"cjs","output":"server.mjs"}',
    /output: must end in \.js or \.cjs when the format is cjs$/,
  ],
  ['{"entry":', /service\.json is not JSON: /],
  [
    '{"entry":"main.js","file":[]}',
    /service\.json: 2 problems\n- entry: must be a TypeScript file\n- the file: Unrecognized key: "file"$/,
  ],
  [
    '{"entry":"../main.ts","files":["/etc/passwd"]}',
    /2 problems\n- entry: must be a path inside the service\n- files\.0: must be a path inside/,
  ],
  ['{"entry":"other.ts"}', /other\.ts does not exist; service\.json names it as the entry$/],
  ['{"entry":"main.ts","replace":{"a":"/etc/a.ts"}}', /replace\.a: must be the relative path of a TypeScript file$/],
  [
    '{"entry":"main.ts","replace":{"a":"./nothing.ts"}}',
    /nothing\.ts does not exist; service\.json puts it in the place of a$/,
  ],
  ['{"entry":"main.ts","files":["nothing"]}', /nothing does not exist; service\.json lists it in files$/],
])('service.json %s', async (text, message) => {
  writeFileSync(join(source, 'service.json'), text);
  await expect(bundle()).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) });
});

test('code that does not compile is shown with its place', async () => {
  writeFileSync(join(source, 'greeting.ts'), 'export const greeting = ;');
  await expect(bundle()).rejects.toMatchObject({
    name: 'UserError',
    message: 'services/x/main.ts cannot be bundled:\nservices/x/greeting.ts:1:24: Unexpected ";"',
  });
});

/** The bundle's code, run in a process of its own. */
async function run(): Promise<{ code: string; stdout: string }> {
  const made = await bundle();
  const context = join(root, 'context');
  await writeContext(made, context);
  const path = join(context, 'dist/main.mjs');
  const code = made.files.find((file) => file.path === 'dist/main.mjs')!.content.toString();
  return { code, stdout: (await execa(process.execPath, [path])).stdout };
}

const install = (name: string, path: string, code: string): void => {
  const folder = join(root, 'node_modules', name);
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, main: `./${path}`, type: 'module', sideEffects: false }),
  );
  writeFileSync(join(folder, path), code);
};

test('a file can take the place of a package, which is not shipped', async () => {
  install('big', 'index.js', "export const size = () => 'the whole package';");
  writeFileSync(join(root, 'services/small.ts'), "export const size = (): string => 'small';");
  writeFileSync(join(source, 'main.ts'), "import { size } from 'big'; console.log(size());");
  writeFileSync(join(source, 'service.json'), '{"entry":"main.ts","replace":{"big":"../small.ts"}}');
  const { code, stdout } = await run();
  expect(stdout).toBe('small');
  expect(code).not.toContain('the whole package');
});

test("of the SDK's shapes only those are shipped that are used", async () => {
  const shapes = [
    'const _h = "httpHeader";',
    'const _a = "first-header";',
    'const _b = "second-header";',
    'export var First$ = [3, { [_h]: _a }, [() => First$]];',
    'export var Second$ = [3, { [_h]: _b }, [() => First$]];',
    'const other = [1]; export const at = (i) => other[i];',
  ].join('\n');
  install('@aws-sdk/client-x', 'dist-es/schemas/schemas_0.js', shapes);
  writeFileSync(
    join(source, 'main.ts'),
    "import { First$, at } from '@aws-sdk/client-x'; console.log(JSON.stringify([First$[1], at(0)]));",
  );
  writeFileSync(join(source, 'service.json'), '{"entry":"main.ts"}');
  const { code, stdout } = await run();
  expect(JSON.parse(stdout)).toEqual([{ httpHeader: 'first-header' }, 1]);
  expect(code).not.toContain('second-header');
});
