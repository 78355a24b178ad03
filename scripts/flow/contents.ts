/** What a stack's stores hold beyond the state: counted before a destroy, so that it can be said, and then emptied. */
import { CognitoIdentityProviderClient, DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import {
  CloudWatchLogsClient,
  DeleteLogGroupCommand,
  ResourceNotFoundException,
  paginateDescribeLogGroups,
} from '@aws-sdk/client-cloudwatch-logs';
import { BatchDeleteImageCommand, ECRClient, paginateListImages, type ImageIdentifier } from '@aws-sdk/client-ecr';
import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ClientSettings } from '../session/connect';
import { s3Client } from '../systems/static-site';

export interface StackContents {
  /** Objects with all their versions and delete markers. */
  readonly buckets: readonly { readonly name: string; readonly objects: number }[];
  readonly repositories: readonly { readonly name: string; readonly images: number }[];
  readonly pools: readonly { readonly name: string; readonly users: number }[];
  /** Of the stack, or made by a service at run time. */
  readonly logGroups: readonly string[];
}

/** ECR takes a hundred at a time, S3 a thousand. */
const IMAGES_AT_ONCE = 100;

export async function countContents(
  clients: ClientSettings,
  ids: ReadonlyMap<string, string>,
  knownGroups: readonly string[],
): Promise<StackContents> {
  const [buckets, repositories, pools, logGroups] = await Promise.all([
    Promise.all(idsOf(ids, 'aws_s3_bucket').map((name) => countObjects(clients, name))),
    Promise.all(idsOf(ids, 'aws_ecr_repository').map((name) => countImages(clients, name))),
    Promise.all(idsOf(ids, 'aws_cognito_user_pool').map((id) => countUsers(clients, id))),
    listLogGroups(clients, groupPrefixes(ids, knownGroups)),
  ]);
  return {
    buckets: buckets.filter((bucket) => bucket !== undefined),
    repositories: repositories.filter((repository) => repository !== undefined),
    pools: pools.filter((pool) => pool !== undefined),
    logGroups,
  };
}

export function describeContents({ buckets, repositories, pools, logGroups }: StackContents): string[] {
  return [
    ...buckets.map(({ name, objects }) => `- bucket ${name}: ${count(objects, 'object')}`),
    ...repositories.map(({ name, images }) => `- repository ${name}: ${count(images, 'image')}`),
    ...pools.map(({ name, users }) => `- user pool ${name}: ${count(users, 'user')}`),
    ...logGroups.map((name) => `- log group ${name}`),
  ];
}

export function count(number: number, what: string): string {
  if (number === 1) return `1 ${what}`;
  return `${number} ${what.endsWith('y') ? `${what.slice(0, -1)}ies` : `${what}s`}`;
}

/**
 * Log groups by exact name or as a folder. Services make some by themselves, and make those of the stack again when a last
 * line comes after their deletion; their names follow from the names of the resources.
 */
export function groupPrefixes(ids: ReadonlyMap<string, string>, known: readonly string[]): string[] {
  const made: Readonly<Record<string, (id: string) => string>> = {
    aws_cloudwatch_log_group: (id) => id,
    aws_lambda_function: (id) => `/aws/lambda/${id}`,
    aws_ecs_cluster: (id) => `/aws/ecs/containerinsights/${id.split('/').at(-1)}`,
    aws_api_gateway_rest_api: (id) => `API-Gateway-Execution-Logs_${id}`,
    aws_rds_cluster: (id) => `/aws/rds/cluster/${id}`,
    aws_db_instance: (id) => `/aws/rds/instance/${id}`,
    aws_sfn_state_machine: (id) => `/aws/vendedlogs/states/${id.split(':').at(-1)}`,
  };
  const found = Object.entries(made).flatMap(([type, name]) => idsOf(ids, type).map(name));
  return [...new Set([...known, ...found])].sort();
}

function idsOf(ids: ReadonlyMap<string, string>, type: string): string[] {
  return [...ids].filter(([address, id]) => address.startsWith(`${type}.`) && id !== '').map(([, id]) => id);
}

async function countObjects(clients: ClientSettings, name: string) {
  let objects = 0;
  try {
    for await (const page of objectVersions(s3Client(clients), name)) objects += page.length;
  } catch (error) {
    // Gone already: an earlier destroy was interrupted.
    if ((error as Error).name === 'NoSuchBucket') return undefined;
    throw error;
  }
  return { name, objects };
}

async function* objectVersions(s3: S3Client, Bucket: string): AsyncGenerator<ObjectIdentifier[]> {
  let KeyMarker: string | undefined;
  let VersionIdMarker: string | undefined;
  do {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket, KeyMarker, VersionIdMarker }));
    yield [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({ Key, VersionId }));
    KeyMarker = page.IsTruncated === true ? page.NextKeyMarker : undefined;
    VersionIdMarker = page.NextVersionIdMarker;
  } while (KeyMarker !== undefined);
}

export async function emptyBucket(clients: ClientSettings, Bucket: string): Promise<void> {
  const s3 = s3Client(clients);
  for await (const Objects of objectVersions(s3, Bucket)) {
    if (Objects.length === 0) continue;
    const { Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    const [error] = Errors ?? [];
    if (error !== undefined) throw new Error(`${Bucket}/${error.Key} was not removed: ${error.Code} ${error.Message}`);
  }
}

async function listImages(clients: ClientSettings, repositoryName: string): Promise<ImageIdentifier[] | undefined> {
  const images: ImageIdentifier[] = [];
  try {
    for await (const { imageIds } of paginateListImages({ client: new ECRClient(clients) }, { repositoryName }))
      images.push(...(imageIds ?? []));
  } catch (error) {
    if ((error as Error).name === 'RepositoryNotFoundException') return undefined;
    throw error;
  }
  return images;
}

async function countImages(clients: ClientSettings, name: string) {
  const found = await listImages(clients, name);
  // An image with two tags is listed twice.
  return found === undefined ? undefined : { name, images: new Set(found.map(({ imageDigest }) => imageDigest)).size };
}

export async function emptyRepository(clients: ClientSettings, repositoryName: string): Promise<void> {
  const ecr = new ECRClient(clients);
  const found = (await listImages(clients, repositoryName)) ?? [];
  const digests = [...new Set(found.map(({ imageDigest }) => imageDigest))];
  for (let from = 0; from < digests.length; from += IMAGES_AT_ONCE) {
    const imageIds = digests.slice(from, from + IMAGES_AT_ONCE).map((imageDigest) => ({ imageDigest }));
    await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
  }
}

async function countUsers(clients: ClientSettings, UserPoolId: string) {
  try {
    const { UserPool } = await new CognitoIdentityProviderClient(clients).send(
      new DescribeUserPoolCommand({ UserPoolId }),
    );
    return { name: `${UserPool?.Name ?? ''} (${UserPoolId})`, users: UserPool?.EstimatedNumberOfUsers ?? 0 };
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

export async function listLogGroups(clients: ClientSettings, prefixes: readonly string[]): Promise<string[]> {
  const client = new CloudWatchLogsClient(clients);
  const found = new Set<string>();
  for (const logGroupNamePrefix of prefixes) {
    for await (const { logGroups } of paginateDescribeLogGroups({ client }, { logGroupNamePrefix })) {
      for (const { logGroupName: name } of logGroups ?? []) {
        if (name === logGroupNamePrefix || name?.startsWith(`${logGroupNamePrefix}/`) === true) found.add(name);
      }
    }
  }
  return [...found].sort();
}

export async function removeLogGroups(clients: ClientSettings, names: readonly string[]): Promise<void> {
  const client = new CloudWatchLogsClient(clients);
  for (const logGroupName of names) {
    try {
      await client.send(new DeleteLogGroupCommand({ logGroupName }));
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
    }
  }
}
