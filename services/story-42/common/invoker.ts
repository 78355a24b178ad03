/** Invokes functions: in the background, or waiting for the answer of a direct invocation. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { isThrottling } from '../../common/bedrock/faults';
import { internal, StoryError } from './errors';
import type { Principal } from './principal';
import type { LongAction, StoryAction } from './routes';

export interface DirectCall {
  readonly action: StoryAction;
  readonly body: Readonly<Record<string, unknown>>;
  readonly principal: Principal;
  /** Set by a function that goes on in the background: which job this is. */
  readonly job?: { readonly job_id: string; readonly session_id: string };
}

export interface JobCall extends DirectCall {
  readonly action: LongAction;
  readonly job: { readonly job_id: string; readonly session_id: string };
}

export interface DirectAnswer {
  readonly statusCode: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const answerSchema = z.object({ statusCode: z.int(), body: z.record(z.string(), z.unknown()) });

/** A function may run for 15 minutes, and says nothing before it is done. */
const createClient = () =>
  new LambdaClient({ maxAttempts: 2, requestHandler: { connectionTimeout: 2_000, requestTimeout: 900_000 } });

export class FunctionInvoker {
  readonly #client: LambdaClient;

  constructor(client: LambdaClient = createClient()) {
    this.#client = client;
  }

  /** Resolves as soon as the call is taken. */
  async start(functionName: string, call: JobCall): Promise<void> {
    const command = { FunctionName: functionName, InvocationType: 'Event', Payload: payloadOf(call) } as const;
    await this.#client.send(new InvokeCommand(command)).catch(rethrow);
  }

  async call(functionName: string, call: DirectCall, signal?: AbortSignal): Promise<DirectAnswer> {
    const command = {
      FunctionName: functionName,
      InvocationType: 'RequestResponse',
      Payload: payloadOf(call),
    } as const;
    const { Payload, FunctionError } = await this.#client
      .send(new InvokeCommand(command), { abortSignal: signal })
      .catch((error: unknown) => (signal?.aborted ? Promise.reject(signal.reason) : rethrow(error)));
    if (FunctionError !== undefined) throw internal(new Error(`${functionName} failed (${FunctionError})`));
    const text = Buffer.from(Payload ?? []).toString('utf8');
    return answerSchema.parse(JSON.parse(text));
  }
}

const payloadOf = (call: DirectCall) => Buffer.from(JSON.stringify(call));

function rethrow(error: unknown): never {
  if (isThrottling(error)) {
    throw new StoryError('throttled', 'too many requests at once; try again shortly', { cause: error });
  }
  throw error;
}
