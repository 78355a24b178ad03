/** Packages from Debian's registry, where root may install them. */
import { existsSync } from 'node:fs';
import { run } from './process';

export const isRoot = () => process.getuid?.() === 0;
export const canInstall = () => isRoot() && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');

export async function installPackages(
  packages: readonly string[],
  { update, remedy }: { readonly update: (line: string) => void; readonly remedy: string },
): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-o', 'DPkg::Lock::Timeout=120'];
  const onLine = (line: string) => {
    if (/^(Get|Unpacking|Setting up)/.test(line)) update(line);
  };
  const get = () =>
    run('apt-get', [...options, 'install', '-y', '--no-install-recommends', ...packages], { env, onLine, remedy });
  try {
    await get();
  } catch {
    // Package lists are often missing or old; with fresh ones the first failure is no news.
    await run('apt-get', [...options, 'update'], { env, onLine, remedy });
    await get();
  }
}
