/** Invokes other functions and waits for their answers. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { isThrottling } from '../../common/bedrock/faults';
import type { KickoffAnswers, KickoffRefusal, KickoffRequest } from './builds';
import { FableError } from './errors';

export const createLambdaClient = (): LambdaClient =>
  // Our own functions answer within 30 s; a second try of a call that timed out could do its work twice.
  new LambdaClient({ maxAttempts: 2, requestHandler: { connectionTimeout: 2_000, requestTimeout: 35_000 } });

export class FunctionInvoker {
  readonly #client: LambdaClient;

  constructor(client: LambdaClient = createLambdaClient()) {
    this.#client = client;
  }

  /** What the function returned. @throws FableError `BUSY`, or `INTERNAL` when the function itself failed */
  async call(functionName: string, payload: unknown, signal?: AbortSignal): Promise<unknown> {
    const command = new InvokeCommand({
      FunctionName: functionName,
      InvocationType: 'RequestResponse',
      Payload: Buffer.from(JSON.stringify(payload)),
    });
    const { Payload, FunctionError } = await this.#client.send(command, { abortSignal: signal }).catch((error) => {
      if (signal?.aborted) throw signal.reason;
      if (isThrottling(error)) throw new FableError('BUSY', 'too many requests at once; try again', { cause: error });
      throw error;
    });
    if (FunctionError !== undefined) {
      const cause = new Error(`${functionName} failed (${FunctionError})`);
      throw new FableError('INTERNAL', 'the request failed unexpectedly', { cause });
    }
    const text = Buffer.from(Payload ?? []).toString('utf8');
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }
}

/** build-kickoff, as its callers see it. */
export class Kickoff {
  readonly #invoker: Pick<FunctionInvoker, 'call'>;
  readonly #functionName: string;

  constructor(invoker: Pick<FunctionInvoker, 'call'>, functionName: string) {
    this.#invoker = invoker;
    this.#functionName = functionName;
  }

  /** @throws FableError what kickoff refused with */
  async call<Action extends KickoffRequest['action']>(
    action: Action,
    payload: Extract<KickoffRequest, { action: Action }>['payload'],
    signal?: AbortSignal,
  ): Promise<KickoffAnswers[Action]> {
    const answer = await this.#invoker.call(this.#functionName, { action, payload }, signal);
    if (!isAnswer<KickoffAnswers[Action]>(answer)) {
      throw new FableError('INTERNAL', 'the request failed unexpectedly', {
        cause: new Error('kickoff gave no answer'),
      });
    }
    if (answer.ok) return answer;
    throw new FableError(answer.error.code, answer.error.message, { issues: answer.error.issues });
  }
}

const isAnswer = <Answer>(value: unknown): value is Answer | KickoffRefusal =>
  typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean';
