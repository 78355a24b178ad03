/** What an operator's commands need to know of one system beyond its stack: data, checks, run-time leftovers. */
import type { SettingsOf, SystemName } from '../../environments/index';
import { UserError } from '../console/errors';
import type { ClientSettings } from '../session/connect';
import type { Session } from '../session/session';

export interface OperationContext {
  readonly session: Session;
  readonly clients: ClientSettings;
  /** Outputs of the applied stack. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface SeedItem {
  readonly what: string;
  readonly result: 'created' | 'updated' | 'kept';
  readonly note?: string;
}

export interface SmokeCheck {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** An ECS service that the stack runs. */
export interface EcsService {
  readonly cluster: string;
  readonly service: string;
}

/** What putting files beside the stack would change; nothing is written before `apply`. */
export interface Publication {
  /** One line a file that is put or removed. */
  readonly changes: readonly string[];
  readonly apply: (update: (line: string) => void) => Promise<void>;
}

export interface SystemOperations {
  /** Outputs that are addresses a person can open, in the order to print them. */
  readonly endpoints: readonly string[];
  readonly seed: (context: OperationContext) => Promise<SeedItem[]>;
  /** Gives the first user a temporary password again. @default - the system has no users of its own */
  readonly resetPassword?: (context: OperationContext) => Promise<SeedItem[]>;
  /** A token for the system's API, of its first user. @default - the system has no sign-in */
  readonly signIn?: (context: OperationContext) => Promise<string>;
  readonly smoke: (context: OperationContext) => Promise<SmokeCheck[]>;
  /** Files that belong to the deployed system but not to its stack, such as a page. @default - none */
  readonly publish?: (context: OperationContext) => Promise<Publication>;
  /** A line to try by hand after `up`. */
  readonly tryIt: (outputs: Readonly<Record<string, unknown>>, session: Session) => string[];
  /** The ECS services that the outputs name; none while the gate is closed. */
  readonly services: (outputs: Readonly<Record<string, unknown>>) => readonly EcsService[];
  /** Lambda functions by the short name that `invoke` takes. */
  readonly functions: (project: string, environment: string) => Readonly<Record<string, string>>;
  /** Log groups by the short name that `logs` takes. */
  readonly logGroups: (project: string, environment: string) => Readonly<Record<string, string>>;
  /** What people or services made at run time, outside the state; `destroy` lists and removes it after consent. */
  readonly leftovers: (context: Omit<OperationContext, 'outputs'>) => Promise<string[]>;
  readonly removeLeftovers: (context: Omit<OperationContext, 'outputs'>, names: readonly string[]) => Promise<void>;
  /** Facts for `status` beside the ECS services, such as item counts and names of secrets. */
  readonly inspect: (context: OperationContext) => Promise<Record<string, unknown>>;
}

/** The settings of one system that the session works on, with what a rehearsal sets otherwise. */
export function settingsOf<Name extends SystemName>(session: Session, _system: Name): SettingsOf<Name> {
  return session.system.environments[session.environment] as SettingsOf<Name>;
}

/** An output that the stack must have by now. */
export function requireOutput({ outputs, session }: OperationContext, name: string): string {
  const value = outputs[name];
  if (!isText(value)) {
    const there = Object.keys(outputs).sort().join(', ') || 'none';
    throw new UserError(`${session.stackName} has no output "${name}" yet; there is: ${there}`, {
      remedy: `Phase 2 makes it: ./sluice up ${session.system.name} ${session.environment}`,
    });
  }
  return value;
}

/** The service that two outputs name, if they do. */
export function serviceOf(
  outputs: Readonly<Record<string, unknown>>,
  clusterOutput: string,
  serviceOutput: string,
): EcsService[] {
  const cluster = outputs[clusterOutput];
  const service = outputs[serviceOutput];
  return isText(cluster) && isText(service) ? [{ cluster, service }] : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
