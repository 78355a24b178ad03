/** One environment of the local cloud while it runs: its emulator process, its gateway, its view of the container engine. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { localiser, tableFor, type AddressTable } from './addresses';
import { anomalyInventory, anomalyMonitors } from './anomaly-monitors';
import { autoscaling, autoscalingInventory } from './autoscaling';
import { Child } from './child';
import { DockerShim } from './docker-shim';
import type { Endpoints } from './endpoints';
import type { Engine } from './engine';
import { Faults } from './faults';
import { Gateway } from './gateway';
import type { Ledger } from './ledger';
import { mends } from './mends';
import type { Moto } from './moto';
import {
  localAccounts,
  localRegion,
  localSecretKey,
  ports,
  sourceFolder,
  type Environment,
  type Places,
} from './places';
import { claimPort } from './port';
import type { CloudTools, EnvironmentStatus, Settings } from './wire';

export interface EnvironmentParts {
  readonly where: Places;
  readonly environment: Environment;
  readonly tools: CloudTools;
  readonly settings: Settings;
  readonly engine: Engine | undefined;
  readonly endpoints: Endpoints;
  readonly ledger: Ledger;
  readonly moto: Moto;
  readonly incident: (what: string) => void;
}

export class CloudEnvironment {
  readonly account: string;
  readonly faults = new Faults();
  private readonly folder: string;
  private readonly gateway: Gateway;
  private readonly emulator: Child;
  private readonly shim: DockerShim | undefined;
  private readonly opened = new Map<string, Promise<void>>();
  private since = '';

  constructor(private readonly parts: EnvironmentParts) {
    const { where, environment, engine } = parts;
    this.account = localAccounts[environment];
    this.folder = join(where.folder, environment);
    const moto = parts.moto.handler(this.account);
    this.gateway = new Gateway({
      environment,
      account: this.account,
      emulatorPort: ports.emulator(where.port, environment),
      ledger: parts.ledger,
      faults: this.faults,
      handlers: {
        'application-autoscaling': autoscaling(this.autoscalingFile, this.account),
        ce: anomalyMonitors(this.anomalyFile, this.account, moto),
        codedeploy: moto,
      },
      mends: mends(environment, parts.endpoints),
    });
    if (engine) {
      this.shim = new DockerShim({
        engine,
        path: join(where.sockets, `${environment}.sock`),
        context: {
          environment,
          account: this.account,
          region: localRegion,
          basePort: where.port,
          homeId: where.id,
          localise: (value, address) => localiser(tableFor(address, this.addresses()))(value),
        },
        openGateway: (address) => this.openGateway(address),
      });
    }
    this.emulator = this.emulatorChild();
  }

  async start(): Promise<void> {
    const { where, environment, engine, endpoints } = this.parts;
    mkdirSync(this.folder, { recursive: true });
    await claimPort(ports.gateway(where.port, environment), `the AWS endpoint of ${environment}`);
    await claimPort(ports.emulator(where.port, environment), `the emulator of ${environment}`, 12_000);
    await engine?.removeContainers(this.labels(), 2);
    await this.gateway.listen(ports.gateway(where.port, environment), '127.0.0.1');
    await this.shim?.start();
    await this.emulator.start();
    await endpoints.restore(environment);
    this.since = new Date().toISOString();
  }

  async stop(): Promise<void> {
    await this.emulator.stop();
    await this.parts.engine?.removeContainers(this.labels(), 5).catch(() => 0);
    await this.parts.endpoints.close(this.parts.environment);
    await this.gateway.close();
    await this.shim?.stop();
  }

  /** Everything of this environment's account, gone; the environment runs on, empty. */
  async reset(): Promise<void> {
    await this.emulator.stop();
    await this.parts.engine?.removeContainers(this.labels(), 1).catch(() => 0);
    await this.parts.endpoints.forget(this.parts.environment);
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    this.faults.set([]);
    await this.emulator.start();
  }

  /** Everything that the account holds: the emulator's things, what the gateway keeps for it, and its containers. */
  async inventory(): Promise<string[]> {
    const { where, environment, engine, endpoints } = this.parts;
    const answer = await fetch(`http://127.0.0.1:${ports.emulator(where.port, environment)}/_sluice/inventory`);
    const things = (await answer.json()) as string[];
    const containers = (await engine?.containers(this.labels())) ?? [];
    return [
      ...things,
      ...autoscalingInventory(this.autoscalingFile),
      ...anomalyInventory(this.anomalyFile),
      ...endpoints.list(environment).map(({ kind, id }) => `endpoint/${kind}/${id}`),
      ...containers.map(({ Names, Id }) => `container/${(Names?.[0] ?? Id).replace(/^\//, '')}`),
    ].sort();
  }

  private get anomalyFile(): string {
    return join(this.folder, 'anomaly-monitors.json');
  }

  private get autoscalingFile(): string {
    return join(this.folder, 'application-autoscaling.json');
  }

  /** Settings and tools that need a new emulator process are applied by starting it again with its state. */
  async apply(settings: Settings): Promise<void> {
    if ((settings.bedrockProxyUrl ?? '') === (this.parts.settings.bedrockProxyUrl ?? '')) return;
    (this.parts as { settings: Settings }).settings = settings;
    const answer = await fetch(
      `http://127.0.0.1:${ports.emulator(this.parts.where.port, this.parts.environment)}/_sluice/settings`,
      {
        method: 'POST',
        body: JSON.stringify({ bedrockProxyUrl: settings.bedrockProxyUrl ?? '' }),
      },
    );
    if (!answer.ok) throw new Error(`the emulator did not take the setting: ${await answer.text()}`);
  }

  status(): EnvironmentStatus {
    const { where, environment, tools, endpoints } = this.parts;
    return {
      environment,
      account: this.account,
      region: localRegion,
      endpoint: `http://127.0.0.1:${ports.gateway(where.port, environment)}`,
      running: this.emulator.running,
      emulatorVersion: tools.emulator.version,
      since: this.since,
      endpoints: endpoints.list(environment),
      faults: this.faults.size,
    };
  }

  private addresses(): AddressTable {
    const { where, environment, endpoints } = this.parts;
    return {
      gateway: `http://127.0.0.1:${ports.gateway(where.port, environment)}`,
      endpoints: endpoints.list(environment),
    };
  }

  get processId(): number | undefined {
    return this.emulator.pid;
  }

  private labels(): string[] {
    return [`sluice.home=${this.parts.where.id}`, `sluice.environment=${this.parts.environment}`];
  }

  /** Before every container: gateway and endpoints answer at the address under which it will see this machine. */
  private async openGateway(address: string): Promise<void> {
    if (address === 'host.docker.internal' || address === '127.0.0.1') return;
    const { where, environment, endpoints } = this.parts;
    let opening = this.opened.get(address);
    if (!opening) {
      opening = this.gateway.listen(ports.gateway(where.port, environment), address).catch((error: unknown) => {
        // The address may not exist yet; the next container asks again.
        this.opened.delete(address);
        if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') return;
        this.parts.incident(`Containers of ${environment} cannot reach the gateway at ${address}: ${String(error)}`);
      });
      this.opened.set(address, opening);
    }
    await opening;
    await endpoints.openInside(environment, address);
  }

  private emulatorChild(): Child {
    const { where, environment, tools, incident } = this.parts;
    const port = ports.emulator(where.port, environment);
    const env: NodeJS.ProcessEnv = {};
    for (const [name, value] of Object.entries(process.env))
      if (!/^(AWS_|MINISTACK_|HTTPS?_PROXY$|https?_proxy$|HOSTNAME$)/.test(name)) env[name] = value;
    const settings = (): NodeJS.ProcessEnv => ({
      ...env,
      GATEWAY_PORT: String(port),
      MINISTACK_HOST: 'localhost',
      MINISTACK_HOSTNAME: `sluice-${where.id}-${environment}`,
      MINISTACK_ACCOUNT_ID: this.account,
      MINISTACK_REGION: localRegion,
      // Presigned addresses are verified with it.
      AWS_SECRET_ACCESS_KEY: localSecretKey,
      MINISTACK_BEDROCK_PROXY_URL: this.parts.settings.bedrockProxyUrl ?? '',
      PERSIST_STATE: '1',
      STATE_DIR: join(this.folder, 'state'),
      S3_PERSIST: '1',
      S3_DATA_DIR: join(this.folder, 's3'),
      SFTP_ENABLED: '0',
      IOT_MTLS_ENABLED: '0',
      LOG_LEVEL: process.env['SLUICE_EMULATOR_LOG'] ?? 'WARNING',
      DOCKER_HOST: this.shim ? `unix://${join(where.sockets, `${environment}.sock`)}` : 'unix:///nonexistent',
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
    });
    return new Child({
      name: `MiniStack of ${environment}`,
      command: tools.emulator.python,
      args: [join(sourceFolder, 'emulator', 'host.py')],
      get env() {
        return settings();
      },
      log: join(where.folder, `${environment}.emulator.log`),
      ready: async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/_ministack/health`, {
          signal: AbortSignal.timeout(1000),
        }).catch(() => undefined);
        return answer?.ok === true;
      },
      readyWithinMs: 60_000,
      stopWithinMs: 20_000,
      incident,
      beforeRestart: async () => {
        await this.parts.engine?.removeContainers(this.labels(), 1);
      },
    });
  }
}
