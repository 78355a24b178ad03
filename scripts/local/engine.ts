/** The container engine as the local cloud uses it: its API socket (served by us for Podman), and the few calls of our own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { readAll } from './http-forward';
import type { CloudTools } from './wire';

type Containers = NonNullable<CloudTools['containers']>;

export interface EngineAnswer {
  readonly status: number;
  readonly body: Buffer;
}

interface ContainerSummary {
  Id: string;
  Names?: string[];
  State: string;
  Created: number;
  Labels: Record<string, string>;
}

export class Engine {
  private child: ChildProcess | undefined;
  private stopping = false;
  private gatewayAddress: string | undefined;
  readonly socket: string;

  constructor(
    readonly tools: Containers,
    private readonly folders: { sockets: string; logs: string },
    private readonly incident: (what: string) => void,
  ) {
    this.socket = tools.socket ?? join(folders.sockets, 'engine.sock');
  }

  get kind(): 'docker' | 'podman' {
    return this.tools.kind;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Podman's service lowers its own limits and then gives containers the machine's defaults, which it may not. */
  limits(): Record<string, number> | undefined {
    if (this.kind !== 'podman' || !this.pid) return undefined;
    try {
      const text = readFileSync(`/proc/${this.pid}/limits`, 'utf8');
      const hard = (name: string, otherwise: number): number =>
        Number(new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, 'm').exec(text)?.[1] ?? otherwise);
      return { nofile: hard('Max open files', 65535), nproc: hard('Max processes', 32768) };
    } catch {
      return undefined;
    }
  }

  async start(): Promise<void> {
    if (!this.tools.socket) this.serve();
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if (existsSync(this.socket)) {
        const answer = await this.call('GET', '/_ping').catch(() => undefined);
        if (answer?.status === 200) return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(
      `the container engine (${this.tools.kind} ${this.tools.version}) does not answer on ${this.socket}`,
    );
  }

  private serve(): void {
    const [command, ...args] = this.tools.serve ?? [];
    if (!command) throw new Error('the container engine has neither a socket nor a command that serves one');
    mkdirSync(this.folders.sockets, { recursive: true, mode: 0o700 });
    rmSync(this.socket, { force: true });
    const log = openSync(join(this.folders.logs, 'engine.log'), 'a');
    const child = spawn(command, args, { env: { ...process.env, ...this.tools.env }, stdio: ['ignore', log, log] });
    closeSync(log);
    this.child = child;
    child.once('error', (error) => this.incident(`The container engine's service did not start: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (this.stopping || this.child !== child) return;
      this.incident(`The container engine's service ended (${signal ?? code}); it was started again.`);
      setTimeout(() => !this.stopping && this.serve(), 500);
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(force);
    rmSync(this.socket, { force: true });
  }

  /** One call of the engine's API, answer read whole. */
  call(method: string, path: string, body?: unknown): Promise<EngineAnswer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const outgoing = request(
        {
          socketPath: this.socket,
          method,
          path,
          headers: {
            host: 'engine',
            ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}),
          },
        },
        (answer) =>
          readAll(answer).then((content) => resolve({ status: answer.statusCode ?? 0, body: content }), reject),
      );
      outgoing.once('error', reject);
      outgoing.end(text);
    });
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T | undefined> {
    const answer = await this.call(method, path, body);
    return answer.status < 300 && answer.body.length ? (JSON.parse(answer.body.toString()) as T) : undefined;
  }

  /** Whether the image is here already. */
  async has(reference: string): Promise<boolean> {
    return (await this.call('GET', `/images/${encodeURIComponent(reference)}/json`)).status === 200;
  }

  /** Pulls from a registry of ours, which speaks plain HTTP. Undefined when it worked, else the engine's words. */
  async pull(reference: string): Promise<string | undefined> {
    const path =
      this.kind === 'podman'
        ? `/v4.0.0/libpod/images/pull?reference=${encodeURIComponent(reference)}&tlsVerify=false&quiet=true`
        : `/images/create?fromImage=${encodeURIComponent(reference.split('@')[0] ?? '')}&tag=${encodeURIComponent(reference.split('@')[1] ?? '')}`;
    const answer = await this.call('POST', path);
    const text = answer.body.toString();
    const error = text
      .split('\n')
      .map((line) => /"error"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(line)?.[1])
      .find((found) => found);
    if (answer.status >= 300) return error ?? text.slice(0, 500);
    return error;
  }

  /** Address under which containers reach this machine, once the engine's network exists. */
  async hostAddress(): Promise<string> {
    if (process.platform !== 'linux') return 'host.docker.internal';
    this.gatewayAddress ??= this.tools.hostAddress;
    if (!this.gatewayAddress) {
      interface Network {
        IPAM?: { Config?: Array<{ Gateway?: string; Subnet?: string }> };
      }
      const network = await this.json<Network>('GET', `/networks/${this.kind === 'podman' ? 'podman' : 'bridge'}`);
      const config = network?.IPAM?.Config?.find((c) => c.Gateway ?? c.Subnet);
      this.gatewayAddress = config?.Gateway ?? config?.Subnet?.replace(/\.\d+\/\d+$/, '.1') ?? '10.88.0.1';
    }
    return this.gatewayAddress;
  }

  async containers(labels: readonly string[]): Promise<ContainerSummary[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: labels }));
    return (await this.json<ContainerSummary[]>('GET', `/containers/json?all=true&filters=${filters}`)) ?? [];
  }

  /** Stops and removes containers with these labels; gives their number. */
  async removeContainers(labels: readonly string[], graceSeconds: number): Promise<number> {
    const found = await this.containers(labels);
    await Promise.all(
      found.map(async ({ Id, State }) => {
        if (State === 'running')
          await this.call('POST', `/containers/${Id}/stop?t=${graceSeconds}`).catch(() => undefined);
        await this.call('DELETE', `/containers/${Id}?force=true&v=true`).catch(() => undefined);
      }),
    );
    return found.length;
  }
}
