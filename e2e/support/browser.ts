/** A real Chromium for tests of pages; what a person would see is kept as pictures in `test-artifacts/`. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { ConsoleReporter } from '../../scripts/console/reporter';
import { ensureBrowser } from '../../scripts/toolchain/browser';

export const artifactsFolder = resolve(fileURLToPath(import.meta.url), '../../../test-artifacts');

export interface Chromium {
  /** A page in a profile of its own, and what went wrong in it: uncaught errors, refusals by its security policy. */
  page(options?: BrowserContextOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

export interface OpenPage {
  readonly page: Page;
  /** Grows while the page lives. */
  readonly mistakes: readonly string[];
}

export async function openChromium(): Promise<Chromium> {
  const executablePath = await ensureBrowser(new ConsoleReporter());
  // Chromium's sandbox does not start as root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser: Browser = await chromium.launch({ executablePath, headless: true, args });
  return {
    async page(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', ...options });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      const mistakes: string[] = [];
      page.on('pageerror', (error) => mistakes.push(String(error)));
      page.on('console', (message) => {
        const text = message.text();
        // An answer that is an error is written to the console, too; pages are tested for how they show it.
        if (message.type() === 'error' && !text.startsWith('Failed to load resource')) mistakes.push(text);
      });
      return { page, mistakes };
    },
    close: () => browser.close(),
  };
}

/** Saves what is on the screen as `<name>.png`. */
export async function screenshot(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<string> {
  mkdirSync(artifactsFolder, { recursive: true });
  const path = join(artifactsFolder, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled', fullPage: options.fullPage ?? true });
  return path;
}
