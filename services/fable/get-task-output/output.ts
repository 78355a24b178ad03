/**
 * Reads what a container has left of its phase. An output that is not there, not to be trusted, or tells of a failure is an
 * error, whose name the state machine sees.
 */
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { faultName } from '../../common/bedrock/faults';
import { validated } from '../common/errors';
import { buildIdSchema } from '../common/ids';
import { outputObjectKey } from '../common/keys';

/** Step Functions carries 256 KiB from state to state; the rest is for what else it carries. */
export const CARRIED_BYTES = 200 * 1024;
/** No more is read into a function of 256 MB. */
export const READ_BYTES = 20 * 1024 * 1024;
const SUMMARY_CHARACTERS = 2_000;

export class OutputNotFound extends Error {
  override readonly name = 'OutputNotFound';
}
export class OutputInvalid extends Error {
  override readonly name = 'OutputInvalid';
}
export class OutputFailed extends Error {
  override readonly name = 'OutputFailed';
}

const inputSchema = z.object({ buildId: buildIdSchema, phase: z.enum(['core', 'oi'], 'phase must be core or oi') });

export interface TaskOutputOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** How long a missing object is waited for. @default 5000 */
  readonly patienceMilliseconds?: number;
  /** Between two tries. @default 500 */
  readonly pauseMilliseconds?: number;
}

export interface OutputReference {
  readonly outputKey: string;
  readonly bytes: number;
  readonly summary: string;
}

type Document = Readonly<Record<string, unknown>>;

export async function getTaskOutput(options: TaskOutputOptions, event: unknown): Promise<Document | OutputReference> {
  const { buildId, phase } = validated(inputSchema, event);
  const key = outputObjectKey(buildId, phase);
  const text = await readWithPatience(options, key);
  const document = parsed(key, text);
  for (const [name, wanted] of Object.entries({ buildId, phase })) {
    if (document[name] !== wanted) throw new OutputInvalid(`${key} is not of this ${name}, which is ${wanted}`);
  }
  if (document.status === 'failed') throw new OutputFailed(failureText(phase, document));
  // As it is carried on, whatever blanks the object has.
  if (Buffer.byteLength(JSON.stringify(document)) <= CARRIED_BYTES) return document;
  return { outputKey: key, bytes: Buffer.byteLength(text), summary: summaryOf(document) };
}

async function readWithPatience(options: TaskOutputOptions, key: string): Promise<string> {
  const { client, bucket, patienceMilliseconds = 5_000, pauseMilliseconds = 500 } = options;
  const end = Date.now() + patienceMilliseconds;
  for (;;) {
    try {
      const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      if (ContentLength > READ_BYTES) {
        (Body as { destroy?: () => void } | undefined)?.destroy?.();
        throw new OutputInvalid(`${key} has ${ContentLength} bytes, more than the ${READ_BYTES} that are read`);
      }
      return (await Body?.transformToString('utf-8')) ?? '';
    } catch (error) {
      if (faultName(error) !== 'NoSuchKey') throw error;
      if (Date.now() + pauseMilliseconds > end) {
        throw new OutputNotFound(`there is no ${key}: the container has ended without leaving an output`);
      }
    }
    await delay(pauseMilliseconds);
  }
}

function parsed(key: string, text: string): Document {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new OutputInvalid(`${key} is not JSON`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OutputInvalid(`${key} is not a JSON object`);
  }
  return value as Document;
}

/** What the container says of its failure; the log lines that it adds stay in the object. */
function failureText(phase: string, { error }: Document): string {
  const told = typeof error === 'string' && error !== '' ? `: ${error.slice(0, SUMMARY_CHARACTERS)}` : '';
  return `phase ${phase} has failed${told}`;
}

/** The document's own words, or else how much of what there is. */
function summaryOf({ summary, ...rest }: Document): string {
  if (typeof summary === 'string' && summary !== '') return summary.slice(0, SUMMARY_CHARACTERS);
  return Object.entries(rest)
    .flatMap(([name, value]) => (Array.isArray(value) ? [`${value.length} ${name}`] : []))
    .join(', ')
    .slice(0, SUMMARY_CHARACTERS);
}
