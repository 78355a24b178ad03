/** Puts a site's files into its bucket: only what differs, then removes what is not of the site, then renews the edge's cache. */
import { createHash, randomUUID } from 'node:crypto';
import { CloudFrontClient, CreateInvalidationCommand, paginateListDistributions } from '@aws-sdk/client-cloudfront';
import {
  DeleteObjectsCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import type { ClientSettings } from '../session/connect';
import type { Publication } from './operations';

export interface SiteFile {
  /** Path in the bucket. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly contentType: string;
  readonly cacheControl: string;
}

/** CloudFront bills paths beyond a thousand a month, and a wildcard counts as one. */
const MOST_PATHS = 10;
const DELETE_AT_ONCE = 1000;

/** Compares and says what would change; `apply` does it. */
export async function planSite(
  clients: ClientSettings,
  bucket: string,
  files: readonly SiteFile[],
): Promise<Publication> {
  const s3 = s3Client(clients);
  const present = await listKeys(s3, bucket);
  const differing = await Promise.all(
    files.map(async (file) => !present.has(file.path) || !(await isSame(s3, bucket, file))),
  );
  const put = files.filter((_file, index) => differing[index]);
  const wanted = new Set(files.map(({ path }) => path));
  const stale = [...present].filter((key) => !wanted.has(key)).sort();
  return {
    changes: [...put.map(({ path }) => `put ${path}`), ...stale.map((path) => `remove ${path}`)],
    apply: async (update) => {
      for (const file of inOrder(put)) {
        update(file.path);
        await s3.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: file.path,
            Body: file.content,
            ContentType: file.contentType,
            CacheControl: file.cacheControl,
          }),
        );
      }
      await removeKeys(s3, bucket, stale);
      // What was not there before is in no cache either.
      const cached = [...put.map(({ path }) => path).filter((path) => present.has(path)), ...stale];
      if (cached.length > 0) await invalidate(clients, bucket, cached, update);
    },
  };
}

/** Pages come after what they refer to, so that nobody gets a page whose parts are not there yet. */
function inOrder(files: readonly SiteFile[]): SiteFile[] {
  const isPage = ({ path }: SiteFile): number => Number(path.endsWith('.html'));
  return [...files].sort((a, b) => isPage(a) - isPage(b));
}

export function s3Client(clients: ClientSettings): S3Client {
  return new S3Client({ ...clients, forcePathStyle: clients.endpoint !== undefined });
}

async function listKeys(client: S3Client, Bucket: string): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const { Contents } of paginateListObjectsV2({ client }, { Bucket })) {
    for (const { Key } of Contents ?? []) if (Key !== undefined) keys.add(Key);
  }
  return keys;
}

/** For objects put in one piece under S3's own keys the ETag is the MD5 of the content. */
async function isSame(s3: S3Client, Bucket: string, file: SiteFile): Promise<boolean> {
  const { ETag, ContentType, CacheControl } = await s3.send(new HeadObjectCommand({ Bucket, Key: file.path }));
  const md5 = createHash('md5').update(file.content).digest('hex');
  return ETag === `"${md5}"` && ContentType === file.contentType && CacheControl === file.cacheControl;
}

async function removeKeys(s3: S3Client, Bucket: string, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += DELETE_AT_ONCE) {
    const Objects = keys.slice(from, from + DELETE_AT_ONCE).map((Key) => ({ Key }));
    const { Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    const [error] = Errors ?? [];
    if (error !== undefined) throw new Error(`${Bucket}/${error.Key} was not removed: ${error.Code} ${error.Message}`);
  }
}

async function invalidate(
  clients: ClientSettings,
  bucket: string,
  paths: readonly string[],
  update: (line: string) => void,
): Promise<void> {
  const cloudFront = new CloudFrontClient(clients);
  const id = await distributionOf(cloudFront, bucket);
  if (id === undefined) return;
  update(`renew the cache of distribution ${id}`);
  const Items = pathsToRenew(paths);
  await cloudFront.send(
    new CreateInvalidationCommand({
      DistributionId: id,
      InvalidationBatch: { CallerReference: randomUUID(), Paths: { Quantity: Items.length, Items } },
    }),
  );
}

/** As the edge knows them. Its root answers with the page. */
export function pathsToRenew(keys: readonly string[]): string[] {
  const all = keys.flatMap((key) => (key === 'index.html' ? ['/', '/index.html'] : [`/${encodeURI(key)}`]));
  return all.length > MOST_PATHS ? ['/*'] : all;
}

/** The distribution with this bucket among its origins. */
async function distributionOf(client: CloudFrontClient, bucket: string): Promise<string | undefined> {
  for await (const { DistributionList } of paginateListDistributions({ client }, {})) {
    const found = (DistributionList?.Items ?? []).find(({ Origins }) =>
      (Origins?.Items ?? []).some(({ DomainName }) => DomainName?.startsWith(`${bucket}.s3`) === true),
    );
    if (found !== undefined) return found.Id;
  }
  return undefined;
}
