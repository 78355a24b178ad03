/** Brings image bytes into an environment's registry: from a build, or from another environment (promotion). */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Reporter } from '../console/reporter';
import { UserError } from '../console/errors';
import type { BuiltImage } from './build';
import { blobPath, readManifest, type ImageConfig, type Manifest } from './layout';
import { BASE_LABEL } from './local-base';
import { DigestError, RegistryError, type Blob } from './registry';
import { findImage, requireRepository, type Repository } from './repository';

export interface PushResult {
  /** What the registry holds for this content, and the lock has to name. */
  readonly digest: string;
  readonly tag: string;
  readonly uploadedBytes: number;
  /** Everything was there. */
  readonly skipped: boolean;
}

/** Blobs sent at the same time. */
const WIDTH = 3;

/** Below this, asking costs as much as sending. */
const WORTH_MOUNTING = 1_000_000;

/** Tags are immutable and named by content. */
export function tagOf(contentHash: string): string {
  return contentHash.slice(0, 16);
}

/** For people's commands, where tags may move. What is deployed names a digest and never asks for it. */
const MOVING_TAG = 'latest';

/** `siblings` are repositories of the same registry that may hold layers of this image. */
export async function pushImage(
  reporter: Reporter,
  built: BuiltImage,
  repository: Repository,
  siblings: readonly string[] = [],
): Promise<PushResult> {
  const tag = tagOf(built.contentHash);
  const { bytes, manifest, digest } = await readManifest(built.layout);
  const config = await readFile(blobPath(built.layout, manifest.config.digest), 'utf8');
  refuseLocalBase(JSON.parse(config) as ImageConfig, `${built.system}/${built.service}`, repository);
  const { tagsMove } = await requireRepository(repository);

  const tagged = await findImage(repository, { imageTag: tag });
  if (tagged !== undefined) {
    if (tagged.digest !== digest) {
      reporter.info(
        `${repository.name}:${tag} holds this content already, as built elsewhere (${tagged.digest}); those bytes are kept.`,
      );
    }
    if (tagsMove) await moveTag(repository, tagged.digest);
    return { digest: tagged.digest, tag, uploadedBytes: 0, skipped: true };
  }

  return reporter.step(`push ${repository.name}:${tag}`, async (update) => {
    const source = {
      digest,
      mediaType: manifest.mediaType,
      bytes,
      manifest,
      mountFrom: siblings,
      open: async (blob: Blob) => createReadStream(blobPath(built.layout, blob.digest), { highWaterMark: 1 << 18 }),
    };
    try {
      const uploadedBytes = await transfer(source, repository, tag, update);
      if (tagsMove) await moveTag(repository, digest);
      return { digest, tag, uploadedBytes, skipped: false };
    } catch (error) {
      if (!(error instanceof DigestError)) throw error;
      throw new UserError(`The image of ${built.service} in the cache is damaged: ${error.message}`, {
        remedy: `Delete ${built.layout} and ${blobFolder(built.layout)}, then run the command again.`,
        cause: error,
      });
    }
  });
}

/** Points `latest` at an image that the registry has; nothing is sent when it points there already. */
async function moveTag({ client, name }: Repository, digest: string): Promise<void> {
  if ((await client.findManifest(name, MOVING_TAG)) === digest) return;
  await client.putManifest(name, MOVING_TAG, await client.getManifest(name, digest));
}

function blobFolder(layout: string): string {
  return layout.replace(/[0-9a-f]{64}$/, 'layers');
}

/** The same bytes from one environment's registry to another's: never a rebuild. */
export async function copyImage(
  reporter: Reporter,
  from: Repository,
  to: Repository,
  image: { readonly digest: string; readonly contentHash: string },
): Promise<PushResult> {
  const { digest } = image;
  const tag = tagOf(image.contentHash);
  const { tagsMove } = await requireRepository(to);
  if ((await findImage(to, { imageDigest: digest })) !== undefined) {
    if (tagsMove) await moveTag(to, digest);
    return { digest, tag, uploadedBytes: 0, skipped: true };
  }
  if ((await findImage(from, { imageDigest: digest })) === undefined) {
    throw new UserError(`${from.name} in account ${from.account} does not have ${digest}.`, {
      remedy: `Its lock names an image that is gone. Push again: ./sluice images push ${from.system} ${from.environment}`,
    });
  }
  const taken = await findImage(to, { imageTag: tag });
  if (taken !== undefined) {
    throw new UserError(
      `${to.name}:${tag} in account ${to.account} is ${taken.digest}, not the ${digest} to be promoted.`,
      {
        remedy:
          'The same content was built twice with different bytes. Delete that image from the registry, or promote after a change.',
      },
    );
  }

  return reporter.step(`copy ${from.name}@${digest.slice(0, 19)} to account ${to.account}`, async (update) => {
    const found = await from.client.getManifest(from.name, digest);
    const manifest = JSON.parse(found.bytes.toString()) as Manifest;
    if (!Array.isArray(manifest.layers)) throw new Error(`${from.name}@${digest} is not an image of one platform`);
    const config = await readAll(await from.client.getBlob(from.name, manifest.config));
    refuseLocalBase(JSON.parse(config.toString()) as ImageConfig, from.name, to);
    const open = (blob: Blob): Promise<Readable> => from.client.getBlob(from.name, blob);
    const mountFrom = from.client.endpoint === to.client.endpoint ? [from.name] : [];
    const uploadedBytes = await transfer({ ...found, manifest, open, mountFrom }, to, tag, update);
    if (tagsMove) await moveTag(to, digest);
    return { digest, tag, uploadedBytes, skipped: false };
  });
}

interface Source {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly manifest: Manifest;
  readonly open: (blob: Blob) => Promise<Readable>;
  /** Repositories of the same registry. */
  readonly mountFrom: readonly string[];
}

async function transfer(source: Source, to: Repository, tag: string, update: (line: string) => void): Promise<number> {
  const { client, name } = to;
  const blobs = new Map([source.manifest.config, ...source.manifest.layers].map((blob) => [blob.digest, blob]));
  const missing: Blob[] = [];
  for (const blob of blobs.values()) {
    if (await client.hasBlob(name, blob.digest)) continue;
    if (blob.size >= WORTH_MOUNTING && (await mount(to, blob, source.mountFrom))) continue;
    missing.push(blob);
  }
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  const sent = new Map<string, number>();
  const show = (): void => {
    const bytes = [...sent.values()].reduce((sum, value) => sum + value, 0);
    update(`${megabytes(bytes)} of ${megabytes(total)} MB`);
  };

  const queue = [...missing].sort((a, b) => b.size - a.size);
  const worker = async (): Promise<void> => {
    for (let blob = queue.shift(); blob !== undefined; blob = queue.shift()) {
      const { digest } = blob;
      const current = blob;
      await client.putBlob(
        name,
        current,
        () => source.open(current),
        (bytes) => {
          sent.set(digest, bytes);
          show();
        },
      );
    }
  };
  // The first failure stops the others from taking more; each is waited for, so that nothing runs on after it.
  const results = await Promise.allSettled(
    Array.from({ length: WIDTH }, () =>
      worker().catch((error: unknown) => {
        queue.length = 0;
        throw error;
      }),
    ),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;

  await putManifest(source, to, tag);
  await confirm(to, source.digest);
  return total + source.bytes.length;
}

async function mount({ client, name }: Repository, { digest }: Blob, siblings: readonly string[]): Promise<boolean> {
  for (const sibling of siblings) {
    if (sibling !== name && (await client.hasBlob(sibling, digest))) return client.mountBlob(name, digest, sibling);
  }
  return false;
}

async function putManifest(
  { bytes, mediaType, digest }: Source,
  { client, name }: Repository,
  tag: string,
): Promise<void> {
  try {
    await client.putManifest(name, tag, { bytes, mediaType, digest });
  } catch (error) {
    // Somebody else pushed this tag a moment ago: good when it is the same image.
    const same =
      error instanceof RegistryError && error.status < 500 && (await client.findManifest(name, tag)) === digest;
    if (!same) throw error;
  }
}

/** What counts is what ECR lists: tasks are started by it. */
async function confirm(repository: Repository, digest: string): Promise<void> {
  if ((await findImage(repository, { imageDigest: digest })) !== undefined) return;
  throw new Error(`${repository.name}: the registry took ${digest}, but ECR does not list it`);
}

/** Images that stand on this machine's own Node.js are for rehearsals. */
function refuseLocalBase(config: ImageConfig, image: string, { target }: Repository): void {
  if (target !== 'aws' || config.config?.Labels?.[BASE_LABEL] !== 'local') return;
  throw new UserError(
    `The image of ${image} stands on a local base (this machine's own Node.js); it does not go to AWS.`,
    {
      remedy:
        'Build it where the registry of its base answers, or with SLUICE_BASE_IMAGE=<registry>/<image>@sha256:...',
    },
  );
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
