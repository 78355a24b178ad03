/** Which commit a build comes from; for the record only, it does not enter the content hash. */
import { execa } from 'execa';

/** The commit, with `-dirty` when files differ from it (locks of images aside: a push writes them); "unknown" outside git. */
export async function currentCommit(root: string): Promise<string> {
  const git = (...args: string[]) => execa('git', args, { cwd: root, reject: false, stdin: 'ignore' });
  const head = await git('rev-parse', '--verify', 'HEAD');
  if (head.exitCode !== 0 || !/^[0-9a-f]{40}$/.test(head.stdout.trim())) return 'unknown';
  const status = await git('status', '--porcelain', '--', '.', ':(exclude)environments/*.images.json');
  return status.exitCode === 0 && status.stdout.trim() === '' ? head.stdout.trim() : `${head.stdout.trim()}-dirty`;
}
