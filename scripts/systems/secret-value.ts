/** Puts a secret's value, so that a second run with the same value changes nothing. The value is never printed. */
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { UserError } from '../console/errors';
import type { ClientSettings } from '../session/connect';
import type { SeedItem } from './operations';

export interface SecretValue {
  readonly name: string;
  readonly value: string;
  /** A value that differs is replaced by a new version. */
  readonly replace: boolean;
  /** Who makes the secret itself: these functions at run time, or the stack, which leaves it empty. */
  readonly madeBy: 'seed' | 'stack';
}

export async function putSecretValue(
  clients: ClientSettings,
  { name, value, replace, madeBy }: SecretValue,
): Promise<SeedItem> {
  const client = new SecretsManagerClient(clients);
  const what = `secret ${name}`;
  const present = await readSecretValue(clients, name);
  if (present !== undefined && (!replace || present === value)) return { what, result: 'kept' };
  if (present === undefined && madeBy === 'seed') {
    await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
    return { what, result: 'created' };
  }
  await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
  return { what, result: present === undefined ? 'created' : 'updated' };
}

/** Undefined when there is no such secret, or when it has no value yet. */
async function readSecretValue(clients: ClientSettings, name: string): Promise<string | undefined> {
  try {
    const { SecretString } = await new SecretsManagerClient(clients).send(
      new GetSecretValueCommand({ SecretId: name }),
    );
    return SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    if (error instanceof InvalidRequestException && /deletion|deleted/i.test(error.message)) {
      throw new UserError(`secret ${name} is scheduled for deletion.`, {
        remedy: `Restore it, then seed again: aws secretsmanager restore-secret --secret-id ${name}`,
        cause: error,
      });
    }
    throw error;
  }
}

/** Asks for the value itself: of an empty secret the versions alone do not tell everywhere. */
export async function hasSecretValue(clients: ClientSettings, name: string): Promise<boolean> {
  return (await readSecretValue(clients, name)) !== undefined;
}
