/** A system's Lambda functions: what state they are in, and calling one by hand. */
import {
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ResourceNotFoundException,
  TooManyRequestsException,
} from '@aws-sdk/client-lambda';
import { UsageError, UserError } from '../console/errors';
import type { Connection } from '../session/connect';
import type { Session } from '../session/session';
import { operations } from '../systems/index';

export interface FunctionStatus {
  readonly function: string;
  readonly state: string;
  /** Digest of the image that runs; undefined for a function of another kind. */
  readonly digest: string | undefined;
  readonly lastUpdate: string;
  readonly lastModified: string;
}

export interface Invocation {
  readonly function: string;
  /** JSON text. */
  readonly payload: string;
  /** Does not wait for the answer. */
  readonly async: boolean;
}

export interface InvocationResult {
  readonly status: number;
  /** What the function answered; undefined when nobody waited. */
  readonly answer: unknown;
  /** How it failed, in Lambda's own word. */
  readonly error: string | undefined;
  /** The last lines that it wrote. */
  readonly log: readonly string[];
}

/** Functions wait 15 minutes at most. */
const ANSWER_WITHIN_MS = 15 * 60_000 + 10_000;

function functionsOf(session: Session): Readonly<Record<string, string>> {
  const { project } = session.system.environments[session.environment];
  return operations[session.system.name].functions(project, session.environment);
}

/** Those that exist: none in phase 1. */
export async function functionStatus(session: Session, { clients }: Connection): Promise<FunctionStatus[]> {
  const lambda = new LambdaClient(clients);
  const found = await Promise.all(
    Object.values(functionsOf(session)).map(async (FunctionName): Promise<FunctionStatus[]> => {
      try {
        const { Configuration, Code } = await lambda.send(new GetFunctionCommand({ FunctionName }));
        return [
          {
            function: FunctionName,
            state: Configuration?.State ?? 'unknown',
            digest: /sha256:[0-9a-f]{64}/.exec(Code?.ResolvedImageUri ?? Code?.ImageUri ?? '')?.[0],
            lastUpdate: Configuration?.LastUpdateStatus ?? 'unknown',
            lastModified: Configuration?.LastModified ?? 'unknown',
          },
        ];
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}

export function describeFunction({ function: name, state, digest, lastUpdate, lastModified }: FunctionStatus): string {
  const image = digest === undefined ? '' : `, image ${digest}`;
  return `${name}: ${state}, last update ${lastUpdate} (${lastModified})${image}`;
}

/** The function's whole name from the one that `invoke` takes; whole names are taken too. */
export function functionName(session: Session, given: string): string {
  const functions = functionsOf(session);
  const found = functions[given] ?? Object.values(functions).find((name) => name === given);
  if (found !== undefined) return found;
  const known = Object.keys(functions);
  throw new UsageError(
    known.length === 0
      ? `${session.system.name} has no functions.`
      : `function is "${given}"; there is: ${known.join(', ')}`,
  );
}

export async function invoke(
  { system, environment }: Session,
  { clients }: Connection,
  invocation: Invocation,
): Promise<InvocationResult> {
  // One try: a function that writes must not run twice because its answer was slow.
  const lambda = new LambdaClient({ ...clients, maxAttempts: 1, requestHandler: { requestTimeout: ANSWER_WITHIN_MS } });
  try {
    const { StatusCode, FunctionError, LogResult, Payload } = await lambda.send(
      new InvokeCommand({
        FunctionName: invocation.function,
        InvocationType: invocation.async ? 'Event' : 'RequestResponse',
        LogType: invocation.async ? 'None' : 'Tail',
        Payload: Buffer.from(invocation.payload),
      }),
    );
    // Either may be null, whatever the type says, when nobody waited.
    const text = Payload ? Buffer.from(Payload).toString() : '';
    const log = LogResult ? Buffer.from(LogResult, 'base64').toString() : '';
    return {
      status: StatusCode ?? 0,
      answer: text === '' ? undefined : parse(text),
      error: FunctionError,
      log: log.split('\n').filter((line) => line !== ''),
    };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) {
      throw new UserError(`There is no function ${invocation.function}: the gate is closed, or nothing is deployed.`, {
        remedy: `./sluice up ${system.name} ${environment}`,
        cause: error,
      });
    }
    if (error instanceof TooManyRequestsException) {
      throw new UserError(`Lambda refuses for now: ${error.message}`, {
        remedy: 'Wait, then try again.',
        cause: error,
      });
    }
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
