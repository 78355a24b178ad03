import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '../console/reporter';
import { ensureBrowser, findBrowser } from './browser';

let folder: string;
const program = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
};
const path = process.env['PATH'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-browser-'));
});
afterEach(() => {
  process.env['PATH'] = path;
  delete process.env['CHROMIUM_PATH'];
  rmSync(folder, { recursive: true });
});

test('the browser that is named is the one', async () => {
  const named = program('mine', 'echo "Chromium 150.0.1.2 built on Debian"');
  expect(await findBrowser({ CHROMIUM_PATH: named })).toEqual({
    name: 'chromium',
    version: '150.0.1.2',
    path: named,
    origin: 'machine',
  });
});

test('a named one that does not run is an error, and no other is taken', async () => {
  process.env['CHROMIUM_PATH'] = join(folder, 'none');
  await expect(ensureBrowser(silentReporter)).rejects.toThrow(
    `CHROMIUM_PATH is ${join(folder, 'none')}, but that does not run.`,
  );
});

test('without a name, the first on PATH that runs', async () => {
  program('chromium', 'exit 1');
  const chrome = program('google-chrome', 'echo "Google Chrome 149.0.7"');
  process.env['PATH'] = `${folder}:/usr/bin-none:${join(folder, '..')}`;
  program('which', `echo ${chrome}`);
  expect(await findBrowser({})).toMatchObject({ version: '149.0.7', path: chrome });
});
