/** Runs the container engine's own program (docker or podman) for builds, pulls and exports. */
import { execa } from 'execa';
import { UserError } from '../console/errors';

/** What this part needs of the toolchain's `ContainerEngine`. */
export interface BuildEngine {
  readonly kind: 'docker' | 'podman';
  readonly version: string;
  /** Path of the program. @default - `kind`, found on the PATH */
  readonly path?: string;
  /** Where podman finds its configuration. */
  readonly env: Readonly<Record<string, string>>;
}

export interface EngineCall {
  readonly cwd?: string;
  /** Takes each line that the program prints while it works. */
  readonly onLine?: (line: string) => void;
  readonly timeoutSeconds?: number;
}

/** Runs it and returns stdout; a failure shows the end of what the program said. */
export async function runEngine(engine: BuildEngine, args: readonly string[], call: EngineCall = {}): Promise<string> {
  const result = await invoke(engine, args, call);
  if (result.exitCode === 0) return result.stdout;
  const said = [result.stderr, result.stdout].join('\n').trim().split('\n').slice(-15).join('\n');
  const how = result.timedOut
    ? `did not end within ${call.timeoutSeconds} s`
    : `ended with ${result.exitCode ?? result.code}`;
  throw new UserError(`${engine.kind} ${args.slice(0, 2).join(' ')} ${how}:\n${said || result.shortMessage}`, {
    remedy: result.code === 'ENOENT' ? 'No container engine answers; ./sluice doctor says what is missing.' : undefined,
  });
}

export async function engineSucceeds(engine: BuildEngine, args: readonly string[]): Promise<boolean> {
  return (await invoke(engine, args, { timeoutSeconds: 60 })).exitCode === 0;
}

async function invoke(engine: BuildEngine, args: readonly string[], { cwd, onLine, timeoutSeconds }: EngineCall) {
  const running = execa(engine.path ?? engine.kind, args, {
    cwd,
    env: engine.env,
    reject: false,
    stdin: 'ignore',
    timeout: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    forceKillAfterDelay: 5_000,
  });
  if (onLine !== undefined) {
    for (const stream of [running.stdout, running.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        const last = chunk.toString().trim().split('\n').at(-1);
        if (last) onLine(last);
      });
    }
  }
  return running;
}
