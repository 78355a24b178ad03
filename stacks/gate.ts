/**
 * The images-ready gate: which phase a stack is synthesised in. Computed from the environment's lock of image digests;
 * a flag may say otherwise. Whether the registry really holds the digests is checked by the commands.
 */
import { existsSync, readFileSync } from 'node:fs';
import { lockPath, missingServices, parseLock, type ImagesLock, type LockPlace } from '../environments/lock';
import { ConfigurationError } from '../environments/schema';

export interface Gate {
  readonly phase: 1 | 2;
  /** Digest of each service's image; all of them in phase 2. */
  readonly images: Readonly<Record<string, string>>;
  /** Services that phase 2 waits for. */
  readonly waitingFor: readonly string[];
}

export interface GateInput {
  readonly system: string;
  readonly environment: string;
  /** All services of the system that ship as an image. */
  readonly services: readonly string[];
  readonly lock?: ImagesLock;
  /** Path of the lock, for messages. */
  readonly path: string;
  /** `IMAGES_READY` or the context `imagesReady`. @default - the lock decides */
  readonly override?: boolean;
}

/** Pure: the same lock and flag give the same gate. */
export function resolveGate({ system, environment, services, lock, path, override }: GateInput): Gate {
  const missing = missingServices(lock, services);
  const images = Object.fromEntries(
    services.flatMap((service) => {
      const digest = lock?.services[service]?.digest;
      return digest === undefined ? [] : [[service, digest] as const];
    }),
  );
  if (override === true && missing.length > 0) {
    throw new ConfigurationError(
      `gate of ${system}-${environment}`,
      missing.map((service) => `images ready is true, but ${path} names no digest for service "${service}"`),
      `Push the images first: ./sluice images push ${system} ${environment}`,
    );
  }
  const open = override ?? missing.length === 0;
  return { phase: open ? 2 : 1, images, waitingFor: open ? [] : override === false ? services : missing };
}

/** The lock of one environment, or undefined when nothing has been pushed yet. */
export function loadLock(
  place: LockPlace,
  services: readonly string[],
): { path: string; lock: ImagesLock | undefined } {
  const path = lockPath(place);
  if (!existsSync(path)) return { path, lock: undefined };
  const { system, environment } = place;
  return { path, lock: parseLock(readFileSync(path, 'utf8'), { path, system, environment, services }) };
}

/** An open gate with made-up digests, for asking a stack what its phase 2 holds. Never written anywhere. */
export function placeholderGate(services: readonly string[]): Gate {
  const digest = `sha256:${'0'.repeat(64)}`;
  return { phase: 2, images: Object.fromEntries(services.map((service) => [service, digest])), waitingFor: [] };
}

/** The flag's text, or its value from the context; undefined lets the lock decide. */
export function parseImagesReady(value: unknown, name: string): boolean | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new ConfigurationError(name, [
    `is ${JSON.stringify(value)}; allowed: true, false, or unset to let the lock decide`,
  ]);
}
