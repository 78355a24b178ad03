/** A process of the local cloud: logged to a file, restarted when it dies by itself, ended with the cloud. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  /** Resolves when the process serves; called again while it starts. */
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs: number;
  readonly incident: (what: string) => void;
  /** Before it is started again after a death. */
  readonly beforeRestart?: () => Promise<void>;
  /** Asks the process to end. @default 'SIGTERM' */
  readonly stopSignal?: NodeJS.Signals;
  readonly stopWithinMs: number;
}

export class Child {
  private process: ChildProcess | undefined;
  private stopping = false;
  private deaths: number[] = [];
  private restarting: Promise<void> | undefined;

  constructor(private readonly options: ChildOptions) {}

  get pid(): number | undefined {
    return this.process?.pid;
  }

  get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  async start(): Promise<void> {
    this.stopping = false;
    const { options } = this;
    if (existsSync(options.log) && statSync(options.log).size > 8 * 1024 * 1024)
      renameSync(options.log, `${options.log}.1`);
    const log = openSync(options.log, 'a');
    const child = spawn(options.command, options.args, { env: options.env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.process = child;
    let failure: Error | undefined;
    child.once('error', (error) => (failure = error));
    const end = Date.now() + options.readyWithinMs;
    for (;;) {
      if (failure || child.exitCode !== null || child.signalCode !== null) {
        throw new Error(
          `${options.name} ended while it started${failure ? `: ${failure.message}` : ''}.\n${tail(options.log)}`,
        );
      }
      if (await options.ready()) break;
      if (Date.now() > end) {
        child.kill('SIGKILL');
        throw new Error(
          `${options.name} did not answer within ${options.readyWithinMs / 1000} s.\n${tail(options.log)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    child.once('exit', (code, signal) => {
      if (!this.stopping && this.process === child) this.restarting = this.revive(signal ?? `exit code ${code}`);
    });
  }

  private async revive(how: string): Promise<void> {
    const { options } = this;
    const at = new Date();
    this.deaths = [...this.deaths.filter((t) => at.getTime() - t < 60_000), at.getTime()];
    if (this.deaths.length > 5) {
      options.incident(
        `${options.name} died ${this.deaths.length} times within a minute (${how}) and was left down; see ${options.log}.`,
      );
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 300 * this.deaths.length));
    if (this.stopping) return;
    try {
      await options.beforeRestart?.();
      await this.start();
      options.incident(`${options.name} died at ${at.toISOString()} (${how}); it was started again with its state.`);
    } catch (error) {
      options.incident(
        `${options.name} died at ${at.toISOString()} (${how}) and did not start again: ${String(error)}`,
      );
      if (!this.stopping) this.restarting = this.revive('failed start');
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.restarting?.catch(() => undefined);
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(this.options.stopSignal ?? 'SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), this.options.stopWithinMs);
    await ended;
    clearTimeout(force);
  }
}

export function tail(path: string, lines = 15): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
