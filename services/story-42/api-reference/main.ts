/**
 * Writes the API reference into docs/story-42: two OpenAPI documents, and API_DOCUMENTATION.md with both. With --check it
 * only says whether they are what the schemas say. Run: npx tsx services/story-42/api-reference/main.ts [--check]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { stringify } from 'yaml';
import { agentApi, storyApi } from './apis';
import { markdown } from './markdown';
import { openApi } from './openapi';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const folder = join(root, 'docs/story-42');

const layout = { printWidth: 120, singleQuote: true };
const yaml = (document: object): Promise<string> =>
  format(stringify(document, { aliasDuplicateObjects: false }), { ...layout, parser: 'yaml' });

/** File names and their text. */
export async function reference(): Promise<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const story = openApi(storyApi, version);
  const agent = openApi(agentApi, version);
  return {
    'openapi.yaml': await yaml(story),
    'agent.openapi.yaml': await yaml(agent),
    'API_DOCUMENTATION.md': await format(markdown(story, agent), { ...layout, parser: 'markdown' }),
  };
}

const stale: string[] = [];
for (const [name, text] of Object.entries(await reference())) {
  const path = join(folder, name);
  if (!process.argv.includes('--check')) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text);
  } else if (readFileSync(path, 'utf8') !== text) stale.push(name);
}
if (stale.length > 0) {
  process.stderr.write(
    `${stale.join(' and ')} in docs/story-42 are not what the schemas say. Run: npx tsx services/story-42/api-reference/main.ts\n`,
  );
  process.exitCode = 1;
}
