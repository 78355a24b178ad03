/** What `status` tells of Story-42 beside tasks, functions and images: what it holds, and who may use it. */
import {
  CognitoIdentityProviderClient,
  paginateListUsersInGroup,
  paginateListUsers,
} from '@aws-sdk/client-cognito-identity-provider';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { ClientSettings } from '../../session/connect';
import { requireOutput, settingsOf, type OperationContext } from '../operations';
import { hasSecretValue } from '../secret-value';
import { s3Client } from '../static-site';

export async function inspect(context: OperationContext): Promise<Record<string, unknown>> {
  const [buckets, items, users, secrets] = await Promise.all([
    bucketFacts(context),
    tableFacts(context),
    userFacts(context),
    secretFacts(context),
  ]);
  return { buckets, items, users, secrets };
}

async function bucketFacts(context: OperationContext): Promise<Record<string, string>> {
  const names = ['s3_bucket_name', 'static_bucket_name'].map((output) => requireOutput(context, output));
  const facts = await Promise.all(names.map(async (name) => [name, await bucketSize(context.clients, name)] as const));
  return Object.fromEntries(facts);
}

async function bucketSize(clients: ClientSettings, Bucket: string): Promise<string> {
  let objects = 0;
  let bytes = 0;
  for await (const { Contents } of paginateListObjectsV2({ client: s3Client(clients) }, { Bucket })) {
    objects += Contents?.length ?? 0;
    bytes += (Contents ?? []).reduce((sum, { Size }) => sum + (Size ?? 0), 0);
  }
  return `${objects} objects of ${(bytes / 1e6).toFixed(1)} MB`;
}

/** DynamoDB counts every six hours; in between the number is an old one. */
async function tableFacts(context: OperationContext): Promise<Record<string, number>> {
  const TableName = requireOutput(context, 'sessions_table_name');
  const { Table } = await new DynamoDBClient(context.clients).send(new DescribeTableCommand({ TableName }));
  return { [TableName]: Table?.ItemCount ?? 0 };
}

async function userFacts(context: OperationContext): Promise<Record<string, number>> {
  const client = new CognitoIdentityProviderClient(context.clients);
  const UserPoolId = requireOutput(context, 'cognito_user_pool_id');
  let all = 0;
  for await (const { Users } of paginateListUsers({ client }, { UserPoolId })) all += Users?.length ?? 0;
  const facts: Record<string, number> = { all };
  for (const GroupName of ['admin', 'author']) {
    let count = 0;
    for await (const { Users } of paginateListUsersInGroup({ client }, { UserPoolId, GroupName }))
      count += Users?.length ?? 0;
    facts[GroupName] = count;
  }
  return facts;
}

/** Names only, and whether anything is in them. */
async function secretFacts({ session, clients }: OperationContext): Promise<Record<string, string>> {
  const { project } = settingsOf(session, 'story-42');
  const names = ['google-api-key', 'tts-api-key'].map((name) => `${project}/${session.environment}/${name}`);
  const facts = await Promise.all(
    names.map(async (name) => [name, (await hasSecretValue(clients, name)) ? 'set' : 'empty'] as const),
  );
  return Object.fromEntries(facts);
}
