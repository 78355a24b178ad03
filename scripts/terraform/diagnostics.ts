/** Turns what the engine says when it fails into an error that names the cause and the remedy. */
import { UserError } from '../console/errors';
import type { EngineEvent, RunResult } from './run';

export interface LockInfo {
  readonly id: string;
  readonly who: string;
  readonly since: string;
  readonly operation: string;
}

export function engineError(what: string, result: Pick<RunResult, 'events' | 'text' | 'exitCode'>): UserError {
  const problems = result.events
    .filter((event) => event.diagnostic?.severity === 'error')
    .map((event) => describeDiagnostic(event.diagnostic!));
  const lines = problems.length > 0 ? problems : result.text.slice(-15);
  return new UserError(`${what} failed.\n${lines.join('\n')}`.trimEnd());
}

function describeDiagnostic(diagnostic: NonNullable<EngineEvent['diagnostic']>): string {
  const where = diagnostic.address === undefined ? '' : `${diagnostic.address}: `;
  const detail = diagnostic.detail ? `\n  ${diagnostic.detail.trim().replaceAll('\n', '\n  ')}` : '';
  return `- ${where}${diagnostic.summary}${detail}`;
}

/** Reads the "Lock Info" block that OpenTofu and Terraform print when a state is locked. */
export function lockInfoOf(result: Pick<RunResult, 'events' | 'text'>): LockInfo | undefined {
  const text = [
    ...result.text,
    ...result.events.map((event) => `${event['@message']}\n${event.diagnostic?.detail ?? ''}`),
  ].join('\n');
  if (!/state lock/i.test(text)) return undefined;
  const field = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}:\\s+(\\S.*)`, 'm').exec(text)?.[1]?.trim();
  const id = field('ID');
  if (id === undefined) return undefined;
  return {
    id,
    who: field('Who') ?? 'unknown',
    since: field('Created') ?? 'unknown',
    operation: field('Operation') ?? 'unknown',
  };
}
