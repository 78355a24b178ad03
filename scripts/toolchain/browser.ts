/** A Chromium for the tests of pages: the machine's own, else Debian's package where root may install it. Nothing else needs one. */
import { existsSync } from 'node:fs';
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { withLock } from './cache';
import { canInstall, installPackages } from './debian';
import { ask } from './process';
import type { Tool } from './types';

/** With `fonts-liberation` for what the page's own fonts do not have; a bare server has no font at all. */
export const browserPackages = ['chromium', 'fonts-liberation', 'fonts-noto-color-emoji'] as const;

export const browserRemedy =
  'Install Chromium or Google Chrome (https://www.chromium.org/getting-involved/download-chromium/), or name one in CHROMIUM_PATH.';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const;
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
] as const;

/** What this machine has: the one that is named, else the first that runs. Never installs. */
export async function findBrowser(env: NodeJS.ProcessEnv = process.env): Promise<Tool | undefined> {
  const named = env['CHROMIUM_PATH'];
  if (named) {
    const found = await probe(named);
    if (found === undefined)
      throw new UserError(`CHROMIUM_PATH is ${named}, but that does not run.`, {
        remedy: 'Correct the variable, or unset it to let Sluice look.',
      });
    return found;
  }
  for (const path of [...names, ...applications.filter((file) => existsSync(file))]) {
    const found = await probe(path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A browser's path, after installing one where that is possible. */
export async function ensureBrowser(reporter: Reporter): Promise<string> {
  const found = await findBrowser();
  if (found !== undefined) return found.path;
  if (!canInstall()) throw new UserError('No Chromium or Chrome is on this machine.', { remedy: browserRemedy });
  return reporter.step('Chromium', (update) =>
    withLock(
      'chromium',
      async () => {
        if ((await findBrowser()) === undefined)
          await installPackages(browserPackages, { update, remedy: browserRemedy });
        const after = await findBrowser();
        if (after === undefined)
          throw new UserError('Chromium was installed, but does not run.', { remedy: browserRemedy });
        return after.path;
      },
      { update },
    ),
  );
}

async function probe(command: string): Promise<Tool | undefined> {
  const version = /\b(\d+(?:\.\d+)+)\b/.exec((await ask(command, ['--version'], { timeout: 30_000 })) ?? '')?.[1];
  if (version === undefined) return undefined;
  const path = command.includes('/') ? command : ((await ask('which', [command]))?.trim() ?? command);
  return { name: 'chromium', version, path, origin: 'machine' };
}
