/** Child processes of the toolchain: output line by line for progress, its tail kept for the error message. */
import { execa } from 'execa';
import { UserError } from '../console/errors';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string | undefined>;
  readonly onLine?: (line: string) => void;
  /** What to do when it fails. */
  readonly remedy?: string;
}

/** Runs a program to its end; stdout comes back. A failure is a UserError with the last lines of its stderr, where it has any. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const said = { stderr: [] as string[], stdout: [] as string[] };
  const child = execa(file, args, {
    cwd: options.cwd,
    env: options.env,
    stdin: 'ignore',
    reject: false,
    stdout: 'pipe',
    stderr: 'pipe',
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const name of ['stderr', 'stdout'] as const) {
    const tail = said[name];
    let rest = '';
    child[name].on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((text) => text.trim() !== '')) {
        options.onLine?.(line);
        tail.push(line);
        if (tail.length > 15) tail.shift();
      }
    });
  }
  const result = await child;
  if (result.failed) {
    const why =
      result.code === 'ENOENT'
        ? 'not found'
        : result.signal
          ? `ended by ${result.signal}`
          : `exit code ${result.exitCode}`;
    throw new UserError(
      [
        `${file} ${args.slice(0, 3).join(' ')}: ${why}`,
        ...(said.stderr.length > 0 ? said.stderr : said.stdout).map((line) => `  ${line}`),
      ].join('\n'),
      {
        remedy: options.remedy,
        cause: result.cause,
      },
    );
  }
  return result.stdout;
}

/** stdout of a short call, or nothing when the program is missing, fails or hangs. */
export async function ask(
  file: string,
  args: readonly string[],
  options: {
    readonly env?: Record<string, string | undefined>;
    readonly timeout?: number;
    /** What it says counts whatever the exit code, stderr included. */
    readonly failureToo?: boolean;
  } = {},
): Promise<string | undefined> {
  const result = await execa(file, args, {
    reject: false,
    timeout: options.timeout ?? 10_000,
    env: options.env,
    stdin: 'ignore',
  });
  if (options.failureToo === true && result.exitCode !== undefined) return `${result.stdout}\n${result.stderr}`;
  return result.failed ? undefined : result.stdout;
}
