/**
 * `tsx scripts/local/write-fidelity.ts`: docs/fidelity.md from the synthesised stacks and this home's ledger.
 * With `--check` nothing is written; a page that differs fails.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../console/errors';
import { fidelityPage, resourceTypes } from './fidelity';
import { readLedger } from './ledger';
import { outputFolder, repositoryRoot } from '../session/folders';
import { places } from './places';

const stacks = join(outputFolder(), 'stacks');
const files = existsSync(stacks) ? readdirSync(stacks).map((name) => join(stacks, name, 'cdk.tf.json')) : [];
const types = files
  .filter((file) => existsSync(file))
  .flatMap((file) => resourceTypes(JSON.parse(readFileSync(file, 'utf8'))));

try {
  const page = fidelityPage({ types, calls: await readLedger(places().folder) });
  const file = join(repositoryRoot, 'docs', 'fidelity.md');
  if (!process.argv.includes('--check')) writeFileSync(file, page);
  else if (readFileSync(file, 'utf8') !== page) {
    throw new UserError('docs/fidelity.md does not say what was applied.', {
      remedy: 'Bring up all environments on one local cloud, then: npx tsx scripts/local/write-fidelity.ts',
    });
  }
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n${error.remedy ?? ''}\n`);
  process.exitCode = 1;
}
