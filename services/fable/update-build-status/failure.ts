/** Makes of what Step Functions tells of a failure the few words that a person can use. */
import type { BuildFailure } from '../common/builds';

const NAME_CHARACTERS = 256;
const CAUSE_CHARACTERS = 4_000;

interface StoppedTask {
  readonly StoppedReason?: unknown;
  readonly Containers?: readonly { readonly Name?: unknown; readonly ExitCode?: unknown; readonly Reason?: unknown }[];
}

/** Takes `{Error, Cause}` as a Catch gives it, the same in lower case, or a text. */
export function failureOf(given: unknown): BuildFailure {
  if (typeof given === 'string') return failure('Failed', given);
  const { Error: name, Cause: cause, error, cause: own } = (given ?? {}) as Record<string, unknown>;
  return failure(textOf(name ?? error) || 'Failed', readable(textOf(cause ?? own)));
}

const failure = (error: string, cause: string): BuildFailure => ({
  error: error.slice(0, NAME_CHARACTERS),
  cause: (cause || 'no cause was given').slice(0, CAUSE_CHARACTERS),
});

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);

/** A function's error comes as JSON with a stack, a container's as the whole description of its task. */
function readable(cause: string): string {
  let value: unknown;
  try {
    value = JSON.parse(cause);
  } catch {
    return cause;
  }
  if (typeof value !== 'object' || value === null) return cause;
  if ('errorMessage' in value && typeof value.errorMessage === 'string') return value.errorMessage;
  const { StoppedReason: reason, Containers: containers } = value as StoppedTask;
  const told = [
    ...(Array.isArray(containers) ? containers : []).flatMap(({ Name, ExitCode, Reason }) => [
      ...(ExitCode === undefined ? [] : [`container ${textOf(Name)} ended with exit code ${textOf(ExitCode)}`]),
      ...(Reason === undefined ? [] : [textOf(Reason)]),
    ]),
    ...(reason === undefined ? [] : [textOf(reason)]),
  ];
  return told.join('; ') || cause;
}
