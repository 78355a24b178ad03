import { bundleClient, contentSecurityPolicy, type ClientFile } from './client';

let files: ClientFile[];
beforeAll(async () => {
  files = await bundleClient();
});

const named = (pattern: RegExp): ClientFile => files.find(({ path }) => pattern.test(path))!;
const page = (): string => named(/^index\.html$/).content.toString();

test('two builds give the same bytes', async () => {
  const again = await bundleClient();
  expect(again.map(({ path }) => path)).toEqual(files.map(({ path }) => path));
  expect(again.every(({ content }, index) => content.equals(files[index]!.content))).toBe(true);
});

test('no file says where it was built', () => {
  const texts = files.filter(({ contentType }) => contentType.includes('charset'));
  expect(texts.length).toBeGreaterThan(3);
  for (const { content } of texts) expect(content.toString()).not.toContain(process.cwd());
});

test('what is named by its content is kept for ever, the page is asked for each time and comes last', () => {
  for (const { path, cacheControl } of files) {
    if (path.startsWith('assets/')) {
      expect(path).toMatch(/-[0-9A-Z]{8}\.\w+$/);
      expect(cacheControl).toBe('public, max-age=31536000, immutable');
    }
  }
  expect(files.at(-1)).toMatchObject({
    path: 'index.html',
    cacheControl: 'no-cache',
    contentType: 'text/html; charset=utf-8',
  });
});

test('the page names files that are there, and nothing from elsewhere', () => {
  const paths = new Set(files.map(({ path }) => `/${path}`));
  const asked = [
    ...[...page().matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]!),
    ...[
      ...named(/\.css$/)
        .content.toString()
        .matchAll(/url\(["']?([^"')]+)/g),
    ].map((match) => match[1]!),
  ];
  expect(asked.length).toBeGreaterThan(8);
  expect(asked.filter((path) => !paths.has(path))).toEqual([]);
  expect(page()).not.toMatch(/%[A-Z]+%|<script(?![^>]*src)|<style|\sstyle=|\son\w+=/);
});

test('each font comes with its licence', () => {
  expect(named(/^licences\/fraunces\.txt$/).content.toString()).toContain('SIL OPEN FONT LICENSE');
  expect(named(/^licences\/literata\.txt$/).content.toString()).toContain('SIL OPEN FONT LICENSE');
});

test('no schema library gets into the page', () => {
  expect(named(/\.js$/).content.length).toBeLessThan(60_000);
});

test('the policy names the origins that are given, each once', async () => {
  const options = {
    connectOrigins: ['https://api.test', 'https://cognito.test', 'https://api.test'],
    mediaOrigins: ['https://s3.test'],
  };
  const policy = contentSecurityPolicy(options);
  expect(policy).toBe(
    "default-src 'self'; connect-src 'self' https://api.test https://cognito.test; img-src 'self' https://s3.test; " +
      "media-src 'self' https://s3.test; object-src 'none'; base-uri 'none'; form-action 'self'",
  );
  const html = (await bundleClient(options)).at(-1)!.content.toString();
  expect(html).toContain(`content="${policy}"`);
});
