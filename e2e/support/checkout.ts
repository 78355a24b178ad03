/** A copy of this checkout in which a test may change sources; it shares the installed packages. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const left = new Set(['node_modules', '.sluice', 'cdktf.out', '.git', 'test-artifacts']);

export interface Checkout {
  readonly root: string;
  /** Replaces one piece of a file; it must be there exactly once. */
  edit(file: string, from: string, to: string): void;
  remove(): void;
}

export function copyCheckout(): Checkout {
  const copy = mkdtempSync(join(tmpdir(), 'sluice-checkout-'));
  cpSync(root, copy, {
    recursive: true,
    preserveTimestamps: true,
    filter: (source) => !left.has(relative(root, source).split('/')[0] ?? ''),
  });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return {
    root: copy,
    edit(file, from, to) {
      const path = join(copy, file);
      const parts = readFileSync(path, 'utf8').split(from);
      if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places with ${JSON.stringify(from)}`);
      writeFileSync(path, parts.join(to));
    },
    remove: () => rmSync(copy, { recursive: true, force: true }),
  };
}
