/**
 * A rehearsal of a test's own: its own local cloud, ports, state and output folder, so that tests neither see nor
 * disturb the one a person works with. Commands run as a person runs them: through `./sluice`.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  json<T = Record<string, never>>(): T;
}

export interface Sandbox {
  readonly root: string;
  /** Control port of its local cloud; drawn, so that runs side by side do not meet. */
  readonly port: number;
  readonly home: string;
  readonly outputFolder: string;
  readonly env: Record<string, string>;
  /** Runs `./sluice ...`; its progress goes to this test's stderr, each line with the sandbox's name. */
  sluice(args: readonly string[], options?: { env?: Record<string, string>; quiet?: boolean }): Promise<Run>;
  /** As `sluice`, and fails the test with the whole output unless the exit code is as expected. */
  ok(args: readonly string[], options?: { env?: Record<string, string>; exitCode?: number }): Promise<Run>;
  stackFolder(stack: string): string;
  /** Stops the cloud, removes every file. */
  end(): Promise<void>;
}

/** Below the range that systems hand out by themselves; a cloud takes about a hundred from its own on. */
const FIRST_PORT = 12_000;
const CLOUDS = 200;

/** Ports that nobody else has: two clouds on the same ones would be one too many, and tests run side by side. */
function claimPorts(): { readonly port: number; readonly free: () => void } {
  for (let tries = 0; tries < 20 * CLOUDS; tries += 1) {
    const port = FIRST_PORT + randomInt(CLOUDS) * 100;
    const claim = join(tmpdir(), `sluice-ports-${port}`);
    try {
      // Atomic: of two tests that draw the same, one fails here and draws again.
      writeFileSync(claim, String(process.pid), { flag: 'wx' });
    } catch {
      if (!isRunning(Number(readFileIfThere(claim)))) rmSync(claim, { force: true });
      continue;
    }
    const free = (): void => rmSync(claim, { force: true });
    process.once('exit', free);
    return { port, free };
  }
  throw new Error('all ports of test clouds are taken');
}

function readFileIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return String(process.pid);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function openSandbox(name: string): Sandbox {
  const { port, free } = claimPorts();
  const folder = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  const home = join(folder, 'home');
  const outputFolder = join(folder, 'cdktf.out');
  const env = { SLUICE_HOME: home, SLUICE_PORT: String(port), CDKTF_OUTDIR: outputFolder };

  const sluice: Sandbox['sluice'] = async (args, options = {}) => {
    const child = execa(join(root, 'sluice'), [...args], {
      cwd: root,
      env: { ...env, ...options.env },
      reject: false,
      stdin: 'ignore',
    });
    if (options.quiet !== true) {
      child.stderr.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString('utf8').split('\n'))
          if (line !== '') process.stderr.write(`  [${name}] ${line}\n`);
      });
    }
    const { exitCode, stdout, stderr } = await child;
    return { exitCode: exitCode ?? -1, stdout, stderr, json: <T>() => JSON.parse(stdout) as T };
  };

  return {
    root,
    port,
    home,
    outputFolder,
    env,
    sluice,
    async ok(args, options = {}) {
      const run = await sluice(args, options);
      if (run.exitCode !== (options.exitCode ?? 0)) {
        throw new Error(`sluice ${args.join(' ')} exited with ${run.exitCode}\n${run.stderr}\n${run.stdout}`);
      }
      return run;
    },
    stackFolder: (stack) => join(outputFolder, 'stacks', stack),
    async end() {
      await sluice(['down'], { quiet: true });
      rmSync(folder, { recursive: true, force: true });
      free();
    },
  };
}
