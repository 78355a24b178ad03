/** One ECR repository of one environment: the AWS API for facts, the registry protocol for bytes. */
import {
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  type ImageDetail,
} from '@aws-sdk/client-ecr';
import { UserError } from '../console/errors';
import type { Target } from '../../environments/schema';
import { RegistryClient } from './registry';

export interface RepositoryRequest {
  readonly target: Target;
  readonly system: string;
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  /** Name of the repository. */
  readonly name: string;
  /** Settings for the AWS SDK. */
  readonly clients: {
    readonly region: string;
    readonly endpoint?: string;
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts?: number;
  };
  /** `host:port` of the local cloud's registry. Needed when the target is local. */
  readonly registry?: string;
}

export interface Repository extends RepositoryRequest {
  readonly ecr: ECRClient;
  readonly client: RegistryClient;
}

export interface StoredImage {
  readonly digest: string;
  readonly tags: readonly string[];
}

/** ECR's tokens live twelve hours. */
const TOKEN_MS = 11 * 60 * 60 * 1000;

export function openRepository(request: RepositoryRequest): Repository {
  const ecr = new ECRClient(request.clients);
  if (request.target === 'local') {
    if (request.registry === undefined)
      throw new Error('a repository of the local cloud needs the address of its registry');
    return { ...request, ecr, client: new RegistryClient({ endpoint: `http://${request.registry}` }) };
  }
  let token: { value: string; until: number } | undefined;
  const authorize = async (renew: boolean): Promise<string> => {
    if (renew || token === undefined || token.until < Date.now()) {
      const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
      const value = authorizationData?.[0]?.authorizationToken;
      if (value === undefined) throw new Error('ECR returned no authorization token');
      token = { value, until: Date.now() + TOKEN_MS };
    }
    return `Basic ${token.value}`;
  };
  const endpoint = `https://${request.account}.dkr.ecr.${request.region}.amazonaws.com`;
  return { ...request, ecr, client: new RegistryClient({ endpoint, authorize }) };
}

export async function closeRepository({ ecr, client }: Repository): Promise<void> {
  ecr.destroy();
  await client.close();
}

interface RepositoryFacts {
  /** Its tags may move: `latest` then follows what was pushed last. */
  readonly tagsMove: boolean;
}

async function describeRepository({ ecr, name }: Repository): Promise<RepositoryFacts | undefined> {
  try {
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }));
    return { tagsMove: repositories?.[0]?.imageTagMutability?.startsWith('MUTABLE') === true };
  } catch (error) {
    if ((error as Error).name === 'RepositoryNotFoundException') return undefined;
    throw error;
  }
}

export async function repositoryExists(repository: Repository): Promise<boolean> {
  return (await describeRepository(repository)) !== undefined;
}

/** Phase 1 makes the repositories; nothing can be pushed before. */
export async function requireRepository(repository: Repository): Promise<RepositoryFacts> {
  const facts = await describeRepository(repository);
  if (facts !== undefined) return facts;
  const { name, account, region, system, environment, target } = repository;
  const flag = target === 'aws' ? ' --target aws' : '';
  throw new UserError(`The repository ${name} does not exist in account ${account}, ${region}.`, {
    remedy: `Phase 1 creates it: ./sluice deploy ${system} ${environment}${flag}`,
  });
}

/** What ECR itself says of an image, by digest or tag; undefined when it has none (or no such repository). */
export async function findImage(
  { ecr, name }: Repository,
  id: { readonly imageDigest: string } | { readonly imageTag: string },
): Promise<StoredImage | undefined> {
  let details: ImageDetail[];
  try {
    details = (await ecr.send(new DescribeImagesCommand({ repositoryName: name, imageIds: [id] }))).imageDetails ?? [];
  } catch (error) {
    if (['ImageNotFoundException', 'RepositoryNotFoundException'].includes((error as Error).name)) return undefined;
    throw error;
  }
  const found = details.find(({ imageDigest, imageTags }) =>
    'imageDigest' in id ? imageDigest === id.imageDigest : (imageTags ?? []).includes(id.imageTag),
  );
  return found?.imageDigest === undefined ? undefined : { digest: found.imageDigest, tags: found.imageTags ?? [] };
}

/** ECR lists the digest and the registry serves it: what a task needs to start. */
export async function isInRegistry(repository: Repository, digest: string): Promise<boolean> {
  if ((await findImage(repository, { imageDigest: digest })) === undefined) return false;
  return (await repository.client.findManifest(repository.name, digest)) !== undefined;
}
