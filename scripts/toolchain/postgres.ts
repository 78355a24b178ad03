/** A real Postgres with pgvector: the binaries inside the Python package pgserver. The package's own Python code is not used:
 * as root it would add a user to the machine and open the folders above to everybody. */
import { join } from 'node:path';
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import { platform } from './cache';
import { ensureEnvironment, findEnvironment } from './python';
import type { PostgresTool, PythonTool } from './types';
import { postgres } from './versions';

const built = ['linux_amd64', 'darwin_amd64', 'darwin_arm64'];

/** Why this machine cannot have it, as far as that is known beforehand. */
export function postgresProblem(id = platform().id): string | undefined {
  return built.includes(id)
    ? undefined
    : `pgserver ${postgres.pgserver} has no binaries for ${id}; there are: ${built.join(', ')}.`;
}

export async function ensurePostgresTool(reporter: Reporter): Promise<PostgresTool> {
  const problem = postgresProblem();
  if (problem !== undefined) throw new UserError(problem, { remedy: 'Run systems with a database on such a machine.' });
  return toolOf(await ensureEnvironment(reporter, 'postgres'));
}

/** The binaries if they are there. Never installs. */
export async function findPostgres(): Promise<PostgresTool | undefined> {
  const found = await findEnvironment('postgres');
  return found && toolOf(found);
}

function toolOf({ site }: PythonTool): PostgresTool {
  return { version: postgres.version, bin: join(site, 'pgserver', 'pginstall', 'bin') };
}
