/** What the toolchain hands to the rest of the program. */

export type Origin = 'machine' | 'download' | 'build' | 'package';

export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly origin: Origin;
}

export interface Engine extends Tool {
  readonly kind: 'opentofu' | 'terraform';
  /** For TF_CLI_CONFIG_FILE. Never empty: without a mirror it is our own small file, so that no stray setting of the machine's gets in. */
  readonly cliConfigFile: string;
}

export interface Provider extends Tool {
  /** The file-system mirror that holds the provider; absent when the registry answers. */
  readonly mirror?: string;
  readonly cliConfigFile: string;
  /** Service packages of the provider's source that were built in; absent for the whole provider. */
  readonly services?: readonly string[];
}

export interface PythonTool {
  readonly python: string;
  readonly version: string;
  /** The environment's site-packages. */
  readonly site: string;
}

export interface PostgresTool {
  readonly version: string;
  /** The folder of `postgres`, `initdb` and `pg_ctl`. */
  readonly bin: string;
}

export interface ContainerEngine {
  readonly kind: 'docker' | 'podman';
  readonly version: string;
  /** Unix socket of a Docker API that already answers (docker only). */
  readonly socket?: string;
  /** Environment for podman, buildah and skopeo processes; empty for docker. */
  readonly env: Record<string, string>;
  /** Address at which containers of the default network reach this machine, where it is known beforehand (root Podman). */
  readonly hostAddress?: string;
  /** Command line that serves the Docker API on the given unix socket (podman only). */
  readonly serve?: (socket: string) => string[];
}

export interface ToolReport {
  readonly name: string;
  /** What is asked for, e.g. ">= 1.12.1". */
  readonly needed: string;
  readonly found?: Tool;
  readonly problem?: string;
  readonly remedy?: string;
  /** Where it is, or how `up` would get it. */
  readonly how: string;
}
