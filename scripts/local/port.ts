/** Who holds a port of this machine, for messages that a person can act on. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { UserError } from '../console/errors';

export function portIsFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Waits for a port to become free (a predecessor may just be ending), then gives up with a message that says what to do. */
export async function claimPort(port: number, what: string, patienceMs = 2000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await portIsFree(port))) {
    if (Date.now() > end) throw portTaken(port, what);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function portTaken(port: number, what: string): UserError {
  const holder = holderOfPort(port);
  return new UserError(`Port ${port}, needed for ${what}, is in use${holder ? ` by ${holder}` : ''}.`, {
    remedy: `Stop that program, or use other ports: SLUICE_PORT=4700 ./sluice ... (the local cloud uses SLUICE_PORT and those after it).`,
  });
}

/** `node (process 1234)`; undefined where it cannot be told (not Linux, or a process of another user). */
export function holderOfPort(port: number): string | undefined {
  try {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const inodes = new Set<string>();
    for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
      for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
        const fields = line.trim().split(/\s+/);
        if (fields[3] === '0A' && fields[1]?.endsWith(`:${hex}`) && fields[9]) inodes.add(`socket:[${fields[9]}]`);
      }
    }
    if (!inodes.size) return undefined;
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (holds(pid, inodes)) return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (process ${pid})`;
    }
  } catch {
    // Told from /proc; elsewhere the message goes without it.
  }
  return undefined;
}

function holds(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
