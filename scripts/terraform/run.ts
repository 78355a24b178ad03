/**
 * Runs the Terraform engine so that nothing is lost when its caller dies: the engine is the leader of its own process
 * group and writes its machine-readable log to a file, which the caller follows. A killed command leaves a running
 * engine that finishes and saves its state; the next command finds the record and waits for it.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

/** One line of `-json` output; see "Machine-Readable UI" in the OpenTofu documentation. */
export interface EngineEvent {
  readonly '@level': string;
  readonly '@message': string;
  readonly type: string;
  readonly diagnostic?: { severity: 'error' | 'warning'; summary: string; detail?: string; address?: string };
  readonly hook?: {
    resource: { addr: string; resource_type: string };
    action: string;
    id_key?: string;
    id_value?: string;
    elapsed_seconds?: number;
  };
  readonly change?: { resource: { addr: string }; action: string };
}

export interface RunRequest {
  readonly binary: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** Where the engine's output goes; kept until the next run with the same name. */
  readonly log: string;
  /** Record of the running engine, so that another command can find it. */
  readonly record: string;
  readonly onEvent?: (event: EngineEvent) => void;
}

export interface RunResult {
  readonly exitCode: number;
  readonly events: EngineEvent[];
  /** Lines of the log that are not JSON, such as a crash or a message on stderr. */
  readonly text: string[];
}

export interface RunRecord {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, which tells a reused pid apart; 0 where the system has no /proc. */
  readonly started: number;
  readonly command: string;
  readonly since: string;
  readonly log: string;
}

const POLL_MS = 60;

export async function runEngine(request: RunRequest): Promise<RunResult> {
  mkdirSync(dirname(request.log), { recursive: true });
  const out = openSync(request.log, 'w');
  const child = spawn(request.binary, request.args, {
    cwd: request.cwd,
    env: request.env,
    detached: true,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 130)));
  });
  const pid = child.pid;
  if (pid !== undefined) {
    writeFileSync(
      request.record,
      JSON.stringify({
        pid,
        started: processStart(pid),
        command: request.args[0] ?? '',
        since: new Date().toISOString(),
        log: request.log,
      } satisfies RunRecord),
    );
  }
  // The engine is in its own group, so a Ctrl-C reaches only us: hand it on, once for each.
  const interrupt = (): void => void (pid !== undefined && child.kill('SIGINT'));
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const follower = followLog(request.log, request.onEvent);
  try {
    const exitCode = await exit;
    return { exitCode, ...follower.finish() };
  } finally {
    follower.stop();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    rmSync(request.record, { force: true });
  }
}

/** The engine that an earlier, killed command left running in this folder, if there is one. */
export function leftRunning(record: string): RunRecord | undefined {
  let found: RunRecord;
  try {
    found = JSON.parse(readFileSync(record, 'utf8')) as RunRecord;
  } catch {
    return undefined;
  }
  return isSameProcess(found) ? found : undefined;
}

export async function waitForEngine(found: RunRecord, onEvent: (event: EngineEvent) => void): Promise<void> {
  const follower = followLog(found.log, onEvent);
  while (isSameProcess(found)) await sleep(250);
  follower.finish();
}

function isSameProcess({ pid, started }: RunRecord): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return started === 0 || processStart(pid) === started;
}

/** Field 22 of /proc/<pid>/stat; zombies count as ended. */
export function processStart(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? -1 : Number(fields[19]);
  } catch {
    return 0;
  }
}

function followLog(path: string, onEvent?: (event: EngineEvent) => void) {
  const events: EngineEvent[] = [];
  const text: string[] = [];
  const decoder = new StringDecoder('utf8');
  let offset = 0;
  let rest = '';
  const read = (): void => {
    const size = statSync(path).size;
    if (size <= offset) return;
    const buffer = Buffer.alloc(size - offset);
    const file = openSync(path, 'r');
    readSync(file, buffer, 0, buffer.length, offset);
    closeSync(file);
    offset = size;
    const lines = (rest + decoder.write(buffer)).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(accept);
  };
  const accept = (line: string): void => {
    if (line.trim() === '') return;
    try {
      const event = JSON.parse(line) as EngineEvent;
      events.push(event);
      onEvent?.(event);
    } catch {
      text.push(line);
    }
  };
  const timer = setInterval(read, POLL_MS);
  return {
    finish() {
      clearInterval(timer);
      read();
      accept(rest);
      rest = '';
      return { events, text };
    },
    stop: () => clearInterval(timer),
  };
}
