/** What a synthesised stack says of itself in `sluice.json`, beside `cdk.tf.json`: written by synthesis, read by commands. */
import type { Environment, Target } from './schema';

export interface StackFacts {
  readonly system: string;
  readonly environment: Environment;
  readonly account: string;
  readonly region: string;
  readonly target: Target;
  readonly phase: 1 | 2;
  /** While the gate is closed: services without an image, and the addresses of phase 2. */
  readonly waiting: { readonly services: readonly string[]; readonly resources: readonly string[] };
  /** Addresses of what holds data. */
  readonly stateful: readonly string[];
  /** Digest of each service's image. */
  readonly images: Readonly<Record<string, string>>;
}
