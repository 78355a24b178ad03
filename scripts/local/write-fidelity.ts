/**
 * `tsx scripts/local/write-fidelity.ts`: docs/fidelity.md for the resource types of all stacks. With `--check` nothing is
 * written: a page that differs fails, and so does a type of this home's stacks that its ledger does not show as applied.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesiseAll } from '../checks/synthesis';
import { UserError } from '../console/errors';
import { outputFolder, repositoryRoot } from '../session/folders';
import { fidelityPage, neverApplied, resourceTypes } from './fidelity';
import { readLedger } from './ledger';
import { places } from './places';

const page = join(repositoryRoot, 'docs', 'fidelity.md');

function typesIn(stacks: string): string[] {
  const files = existsSync(stacks) ? readdirSync(stacks).map((name) => join(stacks, name, 'cdk.tf.json')) : [];
  return files
    .filter((file) => existsSync(file))
    .flatMap((file) => resourceTypes(JSON.parse(readFileSync(file, 'utf8'))));
}

async function check(text: string): Promise<void> {
  if (readFileSync(page, 'utf8') !== text) {
    throw new UserError('docs/fidelity.md is not what the stacks and the table say.', {
      remedy: 'npx tsx scripts/local/write-fidelity.ts',
    });
  }
  const never = neverApplied(typesIn(join(outputFolder(), 'stacks')), await readLedger(places().folder));
  if (never.length > 0) throw new UserError(never.join('\n'), { remedy: 'Bring the stacks up, then check again.' });
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-fidelity-'));
try {
  const text = fidelityPage(typesIn(await synthesiseAll(folder)));
  if (process.argv.includes('--check')) await check(text);
  else writeFileSync(page, text);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n${error.remedy ?? ''}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
