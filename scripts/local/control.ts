/** The background process: supervises everything of one home and answers on the control port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../console/errors';
import { CloudEnvironment } from './cloud-environment';
import { Endpoints } from './endpoints';
import { Engine } from './engine';
import { faultRule } from './faults';
import { readAll } from './http-forward';
import { readJson, writeJson } from './json-file';
import { Ledger } from './ledger';
import { log } from './log';
import { Moto } from './moto';
import { environmentNames, type Environment, type Places } from './places';
import { Postgres } from './postgres';
import type { CloudStatus, Hello, Incident, Settings, StartRequest } from './wire';

interface Answer {
  readonly status: number;
  readonly value: unknown;
}

export class Control {
  private readonly environments = new Map<Environment, CloudEnvironment>();
  private readonly starting = new Map<Environment, Promise<void>>();
  private readonly incidents: Incident[] = [];
  private readonly endpoints: Endpoints;
  private readonly ledger: Ledger;
  private readonly moto: Moto;
  private readonly postgres: Postgres;
  private engine: Engine | undefined;
  private enginePending: Promise<Engine> | undefined;
  private server: Server | undefined;
  private stopping: Promise<void> | undefined;
  private readonly since = new Date().toISOString();

  constructor(private readonly where: Places) {
    mkdirSync(where.folder, { recursive: true });
    mkdirSync(where.sockets, { recursive: true, mode: 0o700 });
    const incident = (what: string): void => this.incident(what);
    this.endpoints = new Endpoints(where, incident);
    this.ledger = new Ledger(where.folder);
    this.moto = new Moto(where, incident);
    this.postgres = new Postgres(where, incident);
    const kept = readJson<Incident[]>(this.incidentFile);
    if (Array.isArray(kept)) this.incidents.push(...kept.slice(-50));
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.where.port, '127.0.0.1', () => resolve());
    });
    this.server = server;
    endLeftovers(this.where);
    writeFileSync(join(this.where.folder, 'daemon.pid'), `${process.pid}\n`);
  }

  stop(): Promise<void> {
    this.stopping ??= (async () => {
      await Promise.allSettled([...this.starting.values()]);
      await Promise.all([...this.environments.values()].map((environment) => environment.stop()));
      await this.endpoints.close();
      await this.moto.stop();
      await this.postgres.stop();
      await this.engine?.removeContainers([`sluice.home=${this.where.id}`], 2).catch(() => 0);
      await this.engine?.stop();
      await this.ledger.close();
      rmSync(this.where.sockets, { recursive: true, force: true });
      rmSync(join(this.where.folder, 'daemon.pid'), { force: true });
      rmSync(join(this.where.folder, 'processes.json'), { force: true });
      this.server?.close();
    })();
    return this.stopping;
  }

  private get incidentFile(): string {
    return join(this.where.folder, 'incidents.json');
  }

  private incident(what: string): void {
    this.incidents.push({ at: new Date().toISOString(), what });
    if (this.incidents.length > 50) this.incidents.splice(0, this.incidents.length - 50);
    writeJson(this.incidentFile, this.incidents);
    log(what);
    this.notePids();
  }

  /** For the successor of a killed process: what may still be running. */
  private notePids(): void {
    const emulators = [...this.environments.values()].map((environment) => environment.processId);
    const pids = [this.engine?.pid, this.moto.pid, this.postgres.pid, ...emulators];
    writeJson(
      join(this.where.folder, 'processes.json'),
      pids.filter((pid) => pid !== undefined),
    );
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      const url = new URL(request.url ?? '/', 'http://control');
      const text = (await readAll(request)).toString();
      answer = await this.route(
        request.method ?? 'GET',
        url.pathname,
        text ? (JSON.parse(text) as unknown) : undefined,
      );
    } catch (error) {
      const remedy = error instanceof UserError ? error.remedy : undefined;
      const message =
        error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error);
      answer = {
        status: error instanceof UserError || error instanceof z.ZodError ? 409 : 500,
        value: { error: message, remedy },
      };
      log(error);
    }
    const text = JSON.stringify(answer.value ?? {});
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  }

  private async route(method: string, path: string, body: unknown): Promise<Answer> {
    if (method === 'GET' && path === '/health') {
      const hello: Hello = { sluice: 'local-cloud', home: this.where.home, pid: process.pid };
      return { status: 200, value: hello };
    }
    if (method === 'GET' && path === '/status') return { status: 200, value: this.status() };
    if (method === 'POST' && path === '/stop') {
      await this.stop();
      setImmediate(() => process.exit(0));
      return { status: 200, value: {} };
    }
    const match = /^\/environments\/([a-z]+)\/([a-z]+)$/.exec(path);
    const environment = environmentNames.find((name) => name === match?.[1]);
    if (!match || !environment) return { status: 404, value: { error: `no such path: ${path}` } };
    const action = match[2] ?? '';
    if (method === 'POST' && action === 'start') {
      await this.startEnvironment(environment, body as StartRequest);
      return { status: 200, value: this.environments.get(environment)?.status() };
    }
    if (method === 'POST' && action === 'database') {
      this.refuseWhileStopping();
      const database = await this.postgres.database(environment);
      this.notePids();
      return { status: 200, value: database };
    }
    const running = this.environments.get(environment);
    if (!running) return { status: 409, value: { error: `${environment} is not running in this local cloud` } };
    if (action === 'faults') {
      if (method === 'PUT') running.faults.set(z.array(faultRule).parse(body));
      return { status: 200, value: running.faults.list() };
    }
    if (method === 'GET' && action === 'inventory') return { status: 200, value: await running.inventory() };
    if (method === 'POST' && action === 'reset') {
      await running.reset();
      await this.postgres.drop(environment);
      return { status: 200, value: {} };
    }
    if (method === 'POST' && action === 'settings') {
      await running.apply(body as Settings);
      return { status: 200, value: {} };
    }
    return { status: 404, value: { error: `no such action: ${method} ${path}` } };
  }

  private refuseWhileStopping(): void {
    if (this.stopping) throw new UserError('The local cloud is being stopped.', { remedy: 'Run the command again.' });
  }

  private async startEnvironment(name: Environment, request: StartRequest): Promise<void> {
    this.refuseWhileStopping();
    const running = this.environments.get(name);
    if (running) {
      if (request.settings) await running.apply(request.settings);
      return;
    }
    const pending = this.starting.get(name);
    if (pending) return pending;
    const start = (async () => {
      const engine = request.tools.containers ? await this.engineFor(request.tools.containers) : undefined;
      const environment = new CloudEnvironment({
        where: this.where,
        environment: name,
        tools: request.tools,
        settings: request.settings ?? {},
        engine,
        endpoints: this.endpoints,
        ledger: this.ledger,
        moto: this.moto,
        incident: (what) => this.incident(what),
      });
      try {
        await environment.start();
      } catch (error) {
        await environment.stop().catch(() => undefined);
        throw error;
      }
      this.environments.set(name, environment);
      this.notePids();
    })();
    this.starting.set(name, start);
    try {
      await start;
    } finally {
      this.starting.delete(name);
    }
  }

  private engineFor(tools: NonNullable<StartRequest['tools']['containers']>): Promise<Engine> {
    this.enginePending ??= (async () => {
      const folders = { sockets: this.where.sockets, logs: this.where.folder };
      const engine = new Engine(tools, folders, (what) => this.incident(what));
      this.engine = engine;
      await engine.start();
      this.notePids();
      return engine;
    })().catch(async (error: unknown) => {
      this.enginePending = undefined;
      await this.engine?.stop();
      this.engine = undefined;
      throw error;
    });
    return this.enginePending;
  }

  private status(): CloudStatus {
    return {
      running: true,
      home: this.where.home,
      port: this.where.port,
      pid: process.pid,
      since: this.since,
      environments: environmentNames.flatMap((name) => this.environments.get(name)?.status() ?? []),
      engine: this.engine ? { kind: this.engine.tools.kind, version: this.engine.tools.version } : undefined,
      postgres: this.postgres.status(),
      incidents: this.incidents,
    };
  }
}

/** Processes that a killed predecessor left behind; each is ours by what its command line or environment says. */
function endLeftovers(where: Places): void {
  const pids = readJson<number[]>(join(where.folder, 'processes.json')) ?? [];
  for (const pid of Array.isArray(pids) ? pids : []) {
    if (processBelongsTo(pid, where)) {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // It ended by itself.
      }
    }
  }
}

/** Our sockets' folder or our name stands in its command line or environment; a number alone may be another program's by now. */
function processBelongsTo(pid: number, where: Places): boolean {
  return ['cmdline', 'environ'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(where.id);
    } catch {
      return false;
    }
  });
}
