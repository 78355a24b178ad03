/** Progress for people, on stderr: one line a step with its elapsed time; stdout is left to data. */
import { AsyncLocalStorage } from 'node:async_hooks';
import ora from 'ora';
import { coloursFor } from './colours';

export interface Reporter {
  /** Runs one step and says how long it took; nested steps are indented. `update` shows what the step is doing now. */
  step<T>(title: string, work: (update: (line: string) => void) => Promise<T>): Promise<T>;
  info(line: string): void;
  warn(line: string): void;
}

export interface StepTiming {
  readonly step: string;
  readonly seconds: number;
}

/** How often a long step says that it still works where there is no terminal to redraw a line on. */
const pc = coloursFor(process.stderr);

const HEARTBEAT_MS = 20_000;

export class ConsoleReporter implements Reporter {
  /** The outermost steps with their seconds, for `--json`. */
  readonly timings: StepTiming[] = [];
  readonly #depth = new AsyncLocalStorage<number>();
  readonly #terminal: boolean;
  readonly #spinner;
  readonly #running: { text: string; since: number; detail: string }[] = [];
  #ticker: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#terminal = stream.isTTY === true && process.env['CI'] === undefined;
    this.#spinner = ora({ stream, isEnabled: this.#terminal, discardStdin: false });
  }

  async step<T>(title: string, work: (update: (line: string) => void) => Promise<T>): Promise<T> {
    const depth = this.#depth.getStore() ?? 0;
    const indent = '  '.repeat(depth);
    const state = { text: `${indent}${title}`, since: Date.now(), detail: '' };
    this.#running.push(state);
    this.#begin(state.text);
    const heartbeat = this.#terminal ? undefined : setInterval(() => this.#beat(state), HEARTBEAT_MS);
    heartbeat?.unref();
    try {
      const result = await this.#depth.run(depth + 1, () => work((line) => this.#update(state, line)));
      const seconds = this.#end(state);
      if (depth === 0) this.timings.push({ step: title, seconds });
      this.#line(`${indent}${pc.green('✔')} ${title} ${pc.dim(formatSeconds(seconds))}`);
      return result;
    } catch (error) {
      this.#line(`${indent}${pc.red('✖')} ${title} ${pc.dim(formatSeconds(this.#end(state)))}`);
      throw error;
    } finally {
      clearInterval(heartbeat);
    }
  }

  info(line: string): void {
    this.#line(line);
  }

  warn(line: string): void {
    this.#line(`${pc.yellow('!')} ${line}`);
  }

  #begin(text: string): void {
    if (!this.#terminal) return;
    this.#ticker ??= setInterval(() => this.#redraw(), 500).unref();
    this.#spinner.start(text);
  }

  #update(state: { detail: string }, line: string): void {
    state.detail = line.trim();
    this.#redraw();
  }

  #redraw(): void {
    const current = this.#running.at(-1);
    if (!this.#terminal || current === undefined) return;
    const elapsed = formatSeconds((Date.now() - current.since) / 1000);
    const width = (process.stderr.columns ?? 100) - current.text.length - elapsed.length - 8;
    this.#spinner.text = `${current.text} ${pc.dim(`${elapsed} ${current.detail.slice(0, Math.max(0, width))}`)}`;
  }

  #beat(state: { text: string; since: number; detail: string }): void {
    if (this.#running.at(-1) !== state) return;
    const elapsed = formatSeconds((Date.now() - state.since) / 1000);
    this.#line(pc.dim(`${state.text} … ${elapsed}${state.detail ? ` ${state.detail}` : ''}`));
  }

  #end(state: { since: number }): number {
    this.#running.splice(this.#running.indexOf(state as never), 1);
    if (this.#terminal) {
      this.#spinner.stop();
      if (this.#running.length === 0) {
        clearInterval(this.#ticker);
        this.#ticker = undefined;
      }
    }
    return Math.round((Date.now() - state.since) / 100) / 10;
  }

  #line(line: string): void {
    const spinning = this.#terminal && this.#spinner.isSpinning;
    if (spinning) this.#spinner.stop();
    process.stderr.write(`${line}\n`);
    const current = this.#running.at(-1);
    if (this.#terminal && current !== undefined) this.#spinner.start(current.text);
  }
}

/** For code that runs under a caller's own progress, and for tests. */
export const silentReporter: Reporter = {
  step: (_title, work) => work(() => undefined),
  info: () => undefined,
  warn: () => undefined,
};

/** `4.2 s` below a minute, `2 min 05 s` above. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
