/** What the client and the background process say to each other, as JSON over the control port. */
import type { Environment } from './places';

/** The tools an environment runs on, in a form that passes from one process to another. */
export interface CloudTools {
  readonly emulator: { readonly python: string; readonly version: string };
  readonly containers?: {
    readonly kind: 'docker' | 'podman';
    readonly version: string;
    /** A Docker API that already answers. */
    readonly socket?: string;
    readonly env: Readonly<Record<string, string>>;
    /** Address at which containers reach this machine, where the engine's settings fix it. */
    readonly hostAddress?: string;
    /** Command that serves the Docker API at `<sockets>/engine.sock`. */
    readonly serve?: readonly string[];
  };
}

export interface Settings {
  /** An OpenAI-compatible server that answers Bedrock calls; empty for the emulator's own answers. */
  readonly bedrockProxyUrl?: string;
}

export interface StartRequest {
  readonly tools: CloudTools;
  readonly settings?: Settings;
}

export interface Incident {
  readonly at: string;
  readonly what: string;
}

export interface EnvironmentStatus {
  readonly environment: Environment;
  readonly account: string;
  readonly region: string;
  readonly endpoint: string;
  readonly running: boolean;
  readonly emulatorVersion: string;
  readonly since: string;
  readonly endpoints: readonly PublishedEndpoint[];
  readonly faults: number;
}

export interface PublishedEndpoint {
  /** HTTP or WebSocket API, REST API, public load balancer, distribution. */
  readonly kind: 'api' | 'rest' | 'alb' | 'cdn';
  readonly id: string;
  readonly url: string;
  /** Host name towards the emulator; of a load balancer and a distribution, the one on AWS too. */
  readonly host: string;
  /** Further names on AWS. */
  readonly aliases?: readonly string[];
}

export interface CloudStatus {
  readonly running: boolean;
  readonly home: string;
  readonly port: number;
  readonly pid?: number;
  readonly since?: string;
  readonly environments: readonly EnvironmentStatus[];
  readonly engine?: { readonly kind: string; readonly version: string };
  /** Absent until an environment asks for its database. */
  readonly postgres?: { readonly version: string; readonly port: number; readonly running: boolean };
  /** What went wrong by itself and was put right: a process that died and was started again. */
  readonly incidents: readonly Incident[];
}

/** How to reach an environment's database. */
export interface Database {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Identifies a control port as ours. */
export interface Hello {
  readonly sluice: 'local-cloud';
  readonly home: string;
  readonly pid: number;
}
