/** What an operator's commands need to know of one system beyond its stack: data, checks, run-time leftovers. */
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

export interface SystemOperations {
  /** Outputs that are addresses a person can open, in the order to print them. */
  readonly endpoints: readonly string[];
  readonly seed: (context: OperationContext) => Promise<SeedItem[]>;
  readonly smoke: (context: OperationContext) => Promise<SmokeCheck[]>;
  /** A line to try by hand after `up`. */
  readonly tryIt: (outputs: Readonly<Record<string, unknown>>) => string[];
  /** Log groups by the short name that `logs` takes. */
  readonly logGroups: (project: string, environment: string) => Readonly<Record<string, string>>;
  /** What people or services made at run time, outside the state; `destroy` lists and removes it after consent. */
  readonly leftovers: (context: Omit<OperationContext, 'outputs'>) => Promise<string[]>;
  readonly removeLeftovers: (context: Omit<OperationContext, 'outputs'>, names: readonly string[]) => Promise<void>;
  /** Facts for `status` beside the ECS services, such as item counts and names of secrets. */
  readonly inspect: (context: OperationContext) => Promise<Record<string, unknown>>;
}

/** An output that the stack must have by now. */
export function requireOutput({ outputs, session }: OperationContext, name: string): string {
  const value = outputs[name];
  if (typeof value !== 'string' || value === '') {
    throw new Error(
      `${session.stackName} has no output "${name}"; its outputs: ${Object.keys(outputs).join(', ') || 'none'}`,
    );
  }
  return value;
}
