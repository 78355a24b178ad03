/** Texts as vectors, by a Titan model on Bedrock. */
import { InvokeModelCommand, type BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import * as z from 'zod/mini';
import { ModelError, ThrottledError } from '../../common/bedrock/errors';
import { faultName, isThrottling, isTransient } from '../../common/bedrock/faults';

/** Of the model, and of the column in the database. */
export const DIMENSIONS = 1536;
const TRIES = 3;

const answerSchema = z.object({ embedding: z.array(z.number()) });

export type Embed = (text: string, signal?: AbortSignal) => Promise<readonly number[]>;

/** The client must not retry by itself (`maxAttempts: 1`). */
export function createEmbed(client: BedrockRuntimeClient, modelId: string, backoffMilliseconds = 300): Embed {
  return async (text, signal) => {
    const command = new InvokeModelCommand({
      modelId,
      contentType: 'application/json',
      accept: 'application/json',
      body: JSON.stringify({ inputText: text }),
    });
    const policy = retry(
      handleWhen((error) => !signal?.aborted && (isThrottling(error) || isTransient(error))),
      {
        maxAttempts: TRIES - 1,
        backoff: new ExponentialBackoff({ initialDelay: backoffMilliseconds, maxDelay: 2_000 }),
      },
    );
    try {
      const { body } = await policy.execute(() => client.send(command, { abortSignal: signal }));
      return parse(body, modelId);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof ModelError) throw error;
      if (isThrottling(error)) throw new ThrottledError('the embedding model is busy; try again shortly', error);
      throw new ModelError(`the embedding request failed (${faultName(error)})`, error);
    }
  };
}

function parse(body: Uint8Array, modelId: string): readonly number[] {
  let answer: z.output<typeof answerSchema>;
  try {
    answer = answerSchema.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch (error) {
    throw new ModelError('the embedding model gave no embedding', error);
  }
  const { length } = answer.embedding;
  if (length === DIMENSIONS) return answer.embedding;
  throw new ModelError(`the model ${modelId} gives ${length} numbers; memories need ${DIMENSIONS}`);
}
