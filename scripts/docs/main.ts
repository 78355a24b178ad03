/**
 * Draws the pictures of the documentation: docs/<system>/hld.svg, and hld.png by Chromium. With --check it only says whether
 * the SVG is what the layout says. Run: npx tsx scripts/docs/main.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConsoleReporter } from '../console/reporter';
import { ensureBrowser } from '../toolchain/browser';
import { svg } from './picture';
import { render } from './render';
import { story42Picture } from './story-42';

const docs = resolve(fileURLToPath(import.meta.url), '../../../docs');
const pictures = { 'story-42': story42Picture };

for (const [system, picture] of Object.entries(pictures)) {
  const path = join(docs, system, 'hld.svg');
  const drawn = svg(picture);
  if (process.argv.includes('--check')) {
    if (readFileSync(path, 'utf8') === drawn) continue;
    process.stderr.write(`docs/${system}/hld.svg is not what its layout says. Run: npx tsx scripts/docs/main.ts\n`);
    process.exitCode = 1;
  } else {
    const { png, mistakes } = await render(drawn, picture, await ensureBrowser(new ConsoleReporter()));
    writeFileSync(path, drawn);
    writeFileSync(path.replace(/svg$/, 'png'), png);
    mistakes.forEach((mistake) => process.stderr.write(`docs/${system}/hld.svg: ${mistake}\n`));
    if (mistakes.length > 0) process.exitCode = 1;
  }
}
