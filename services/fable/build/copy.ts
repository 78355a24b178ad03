/**
 * `aws s3 cp` as far as entrypoint.sh uses it, for the base image of rehearsals, where the AWS CLI cannot be had: same
 * command line, same exit codes, same requests to S3. Never part of an image for AWS.
 */
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { readFile, rename, writeFile } from 'node:fs/promises';

/** As the AWS CLI: of a command line that it does not understand. */
const USAGE = 252;
const usage = 'usage: aws s3 cp <file> s3://<bucket>/<key> | s3://<bucket>/<key> <file> [--only-show-errors]';

export interface CopyOptions {
  readonly client: S3Client;
  readonly print: (line: string) => void;
}

interface ObjectName {
  readonly Bucket: string;
  readonly Key: string;
}

/** Resolves with the exit code. */
export async function copy({ client, print }: CopyOptions, words: readonly string[]): Promise<number> {
  const [service, command, from = '', to = '', ...options] = words;
  const [source, target] = [objectName(from), objectName(to)];
  const oneIsRemote = (source === undefined) !== (target === undefined) && from !== '' && to !== '';
  const known = options.every((option) => option === '--only-show-errors');
  if (service !== 's3' || command !== 'cp' || !oneIsRemote || !known) {
    print(usage);
    return USAGE;
  }
  try {
    if (target) await upload(client, from, target);
    else await download(client, source!, to);
    if (options.length === 0) print(`${target ? 'upload' : 'download'}: ${from} to ${to}`);
    return 0;
  } catch (error) {
    print(`copy failed: ${from} to ${to} ${(error as Error).name}: ${(error as Error).message}`);
    return 1;
  }
}

async function upload(client: S3Client, file: string, name: ObjectName): Promise<void> {
  const ContentType = file.endsWith('.json') ? 'application/json' : 'binary/octet-stream';
  await client.send(new PutObjectCommand({ ...name, Body: await readFile(file), ContentType }));
}

/** The file is there with all of its content, or not at all. */
async function download(client: S3Client, name: ObjectName, file: string): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand(name));
  const part = `${file}.part`;
  await writeFile(part, (await Body?.transformToByteArray()) ?? '');
  await rename(part, file);
}

function objectName(word: string): ObjectName | undefined {
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(word) ?? [];
  return Bucket === undefined || Key === undefined ? undefined : { Bucket, Key };
}
