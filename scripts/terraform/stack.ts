/** One stack's working folder and the engine in it: init, plan, apply, destroy, outputs, state. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { UserError } from '../console/errors';
import type { Reporter } from '../console/reporter';
import type { Engine } from '../toolchain/index';
import { engineError, lockInfoOf } from './diagnostics';
import type { TerraformJson } from './import-ids';
import { summarisePlan, type PlanJson, type PlanSummary } from './plan';
import { leftRunning, runEngine, waitForEngine, type EngineEvent, type RunResult } from './run';

export interface StackOptions {
  readonly name: string;
  /** The folder with `cdk.tf.json`. */
  readonly folder: string;
  /** Where run records, logs and plans of this stack are kept. */
  readonly runFolder: string;
  readonly engine: Engine;
  readonly env: Record<string, string>;
  readonly reporter: Reporter;
  /** The lock of a dead engine may be freed without asking: true for a rehearsal, whose state nobody else can reach. */
  readonly ownsState: boolean;
}

export interface Plan extends PlanSummary {
  readonly file: string;
  readonly json: PlanJson;
}

type Update = (line: string) => void;

export class Stack {
  readonly name: string;
  readonly folder: string;
  readonly #options: StackOptions;

  constructor(options: StackOptions) {
    this.name = options.name;
    this.folder = options.folder;
    this.#options = options;
  }

  get applyLog(): string {
    return join(this.#options.runFolder, 'apply.jsonl');
  }

  /** Waits for an engine that a killed command left at work, and saves a state that could not be saved before. */
  async settle(): Promise<void> {
    const { reporter } = this.#options;
    const running = leftRunning(this.#record);
    if (running !== undefined) {
      await reporter.step(
        `waiting for the ${running.command} of ${this.name} that an earlier command left running (pid ${running.pid}, since ${running.since})`,
        (update) => waitForEngine(running, (event) => update(event['@message'])),
      );
    }
  }

  async init(): Promise<void> {
    const args = ['init', '-input=false', '-no-color'];
    const first = await this.#capture([...args]);
    if (first.exitCode === 0) return this.#pushErroredState();
    // A changed provider pin or back end asks for it; both are recomputed from the synthesised JSON, nothing is lost.
    const again = await this.#capture([...args, '-upgrade', '-reconfigure']);
    if (again.exitCode !== 0) {
      throw new UserError(`init of ${this.name} failed.\n${String(again.stderr || again.stdout).trim()}`);
    }
    await this.#pushErroredState();
  }

  /** Takes the state of the back end that was used so far into the one that the JSON names now. */
  async moveState(): Promise<void> {
    const { exitCode, stderr } = await this.#capture([
      'init',
      '-input=false',
      '-no-color',
      '-migrate-state',
      '-force-copy',
    ]);
    if (exitCode !== 0) throw new UserError(`The state of ${this.name} could not be moved.\n${stderr}`);
  }

  async plan(update: Update = () => undefined, options: { destroy?: boolean } = {}): Promise<Plan> {
    const file = join(this.#options.runFolder, options.destroy === true ? 'destroy.tfplan' : 'plan.tfplan');
    const args = ['plan', '-json', '-input=false', `-out=${file}`, ...(options.destroy === true ? ['-destroy'] : [])];
    await this.#locked('plan', args, update);
    const shown = await this.#capture(['show', '-json', file]);
    if (shown.exitCode !== 0) throw new UserError(`The plan of ${this.name} cannot be read.\n${shown.stderr}`);
    const json = JSON.parse(shown.stdout) as PlanJson;
    return { ...summarisePlan(json), file, json };
  }

  /** Applies exactly the plan that was shown. */
  async apply(plan: Plan, update: Update = () => undefined): Promise<void> {
    const done = new Set<string>();
    const total = plan.create.length + plan.update.length + plan.replace.length + plan.delete.length;
    await this.#locked('apply', ['apply', '-json', '-input=false', plan.file], (line, event) => {
      if (event?.type === 'apply_complete' && event.hook !== undefined) done.add(event.hook.resource.addr);
      update(`${done.size}/${total} ${line}`);
    });
    // The log is the journal of what was created; after a good apply the state says the same.
    renameSync(this.applyLog, join(this.#options.runFolder, 'applied.jsonl'));
    rmSync(plan.file, { force: true });
  }

  async outputs(): Promise<Record<string, unknown>> {
    const { exitCode, stdout, stderr } = await this.#capture(['output', '-json']);
    if (exitCode !== 0) throw new UserError(`The outputs of ${this.name} cannot be read.\n${stderr}`);
    const parsed = JSON.parse(stdout) as Record<string, { value: unknown; sensitive: boolean }>;
    return Object.fromEntries(
      Object.entries(parsed).map(([name, { value, sensitive }]) => [name, sensitive ? '(sensitive)' : value]),
    );
  }

  /** Addresses in the state; none where there is no state yet. */
  async stateList(): Promise<string[]> {
    const { exitCode, stdout, stderr } = await this.#capture(['state', 'list']);
    if (exitCode !== 0) {
      if (/No state file was found/.test(String(stderr))) return [];
      throw new UserError(`The state of ${this.name} cannot be read.\n${stderr}`);
    }
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** The `id` of everything in the state, by address. */
  async stateIds(): Promise<Map<string, string>> {
    const { exitCode, stdout, stderr } = await this.#capture(['show', '-json']);
    if (exitCode !== 0) throw new UserError(`The state of ${this.name} cannot be read.\n${stderr}`);
    const { values } = JSON.parse(stdout) as {
      values?: { root_module?: { resources?: { address: string; mode: string; values: { id?: string } }[] } };
    };
    const resources = (values?.root_module?.resources ?? []).filter(({ mode }) => mode === 'managed');
    return new Map(resources.map(({ address, values: { id } }) => [address, id ?? '']));
  }

  /** The synthesised configuration. */
  config(): TerraformJson {
    return JSON.parse(readFileSync(join(this.folder, 'cdk.tf.json'), 'utf8')) as TerraformJson;
  }

  async import(address: string, id: string): Promise<boolean> {
    const run = (): Promise<Captured> => this.#capture(['import', '-input=false', '-no-color', address, id]);
    const first = await run();
    if (first.exitCode === 0) return true;
    const text = [...first.stdout.split('\n'), ...first.stderr.split('\n')];
    return (await this.#freeDeadLock({ events: [], text })) && (await run()).exitCode === 0;
  }

  /** What the last, unfinished apply says it had created. */
  unfinishedJournal(): EngineEvent[] {
    if (!existsSync(this.applyLog)) return [];
    return readFileSync(this.applyLog, 'utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as EngineEvent];
        } catch {
          return [];
        }
      });
  }

  forgetJournal(): void {
    rmSync(this.applyLog, { force: true });
  }

  get #record(): string {
    return join(this.#options.runFolder, 'engine.json');
  }

  async #locked(
    command: 'plan' | 'apply',
    args: string[],
    update: (line: string, event?: EngineEvent) => void,
  ): Promise<RunResult> {
    const run = (): Promise<RunResult> =>
      runEngine({
        binary: this.#options.engine.path,
        args,
        cwd: this.folder,
        env: this.#options.env,
        log: command === 'apply' ? this.applyLog : join(this.#options.runFolder, 'plan.jsonl'),
        record: this.#record,
        onEvent: (event) => update(event['@message'].split('\n')[0] ?? '', event),
      });
    let result = await run();
    if (result.exitCode !== 0 && (await this.#freeDeadLock(result))) result = await run();
    if (result.exitCode !== 0) throw engineError(`${command} of ${this.name}`, result);
    return result;
  }

  /** A lock whose engine was killed stays for ever. In a rehearsal every holder runs on this machine, so a dead one is known. */
  async #freeDeadLock(result: Pick<RunResult, 'events' | 'text'>): Promise<boolean> {
    const lock = lockInfoOf(result);
    if (lock === undefined) return false;
    const holder = `The state of ${this.name} is locked by ${lock.who} since ${lock.since} (${lock.operation}, lock ${lock.id}).`;
    if (!this.#options.ownsState || (await enginesIn(this.folder)).length > 0) {
      throw new UserError(holder, {
        remedy: `Wait until it has finished. If that run is dead: cd ${this.folder} && tofu force-unlock ${lock.id}`,
      });
    }
    this.#options.reporter.warn(`${holder} No engine runs any more, so the lock is freed.`);
    const freed = await this.#capture(['force-unlock', '-force', lock.id]);
    return freed.exitCode === 0;
  }

  /** OpenTofu leaves `errored.tfstate` behind when the back end was gone at the end of an apply. */
  async #pushErroredState(): Promise<void> {
    const errored = join(this.folder, 'errored.tfstate');
    if (!existsSync(errored)) return;
    const { exitCode, stderr } = await this.#capture(['state', 'push', errored]);
    if (exitCode !== 0) throw new UserError(`${errored} holds newer state that cannot be saved.\n${stderr}`);
    rmSync(errored);
    this.#options.reporter.warn('Saved the state that an interrupted apply could not save.');
  }

  async #capture(args: string[]): Promise<Captured> {
    const { exitCode, stdout, stderr } = await execa(this.#options.engine.path, args, {
      cwd: this.folder,
      env: this.#options.env,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    });
    return { exitCode: exitCode ?? -1, stdout, stderr };
  }
}

interface Captured {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Process ids of engines whose working folder is `folder`. Linux only; elsewhere nobody is assumed to be there. */
async function enginesIn(folder: string): Promise<string[]> {
  const { readdir, readlink } = await import('node:fs/promises');
  const found: string[] = [];
  for (const pid of await readdir('/proc').catch(() => [] as string[])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
    if (cwd === folder && /tofu|terraform/.test(program)) found.push(pid);
  }
  return found;
}
