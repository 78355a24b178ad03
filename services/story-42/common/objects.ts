/** The bucket: the one place where object keys are made, and what can be done with objects. Answers carry presigned URLs. */
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

export const URL_SECONDS = 3_600;

export const storyKey = (sessionId: string) => `stories/${sessionId}/story.json`;
/** Written once and never changed, so that an item and its text always fit together. */
export const textKey = (sessionId: string, revision: number, nonce: string) =>
  `stories/${sessionId}/text-${revision}-${nonce}.json`;
export const imageKey = (sessionId: string, segmentId: string, revision: number) =>
  `images/${sessionId}/${segmentId}/${revision}.png`;
export const audioKey = (sessionId: string, segmentId: string) => `audio/${sessionId}/${segmentId}.mp3`;

/** Everything of one session is below these. */
const prefixesOf = (sessionId: string) => [`stories/${sessionId}/`, `images/${sessionId}/`, `audio/${sessionId}/`];

export interface StoryObjectsOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Makes URLs, for the address under which callers reach S3. @default - `client` */
  readonly presigner?: S3Client;
}

export class StoryObjects {
  readonly #client: S3Client;
  readonly #presigner: S3Client;
  readonly #bucket: string;

  constructor({ client, bucket, presigner = client }: StoryObjectsOptions) {
    this.#client = client;
    this.#presigner = presigner;
    this.#bucket = bucket;
  }

  async put(key: string, body: string | Uint8Array, contentType: string): Promise<void> {
    const command = new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ContentType: contentType });
    await this.#client.send(command);
  }

  async getText(key: string): Promise<string> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
    if (!Body) throw new Error(`object ${key} has no content`);
    return Body.transformToString('utf-8');
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
  }

  /** Resolves with how many there were. */
  async deleteAll(sessionId: string): Promise<number> {
    const counts = await Promise.all(prefixesOf(sessionId).map((prefix) => this.#deletePrefix(prefix)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Signed here, without a call. */
  url(key: string): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    return getSignedUrl(this.#presigner, command, { expiresIn: URL_SECONDS });
  }

  async #deletePrefix(Prefix: string): Promise<number> {
    let count = 0;
    for (let ContinuationToken: string | undefined; ;) {
      const list = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix, ContinuationToken });
      const { Contents = [], NextContinuationToken } = await this.#client.send(list);
      if (Contents.length > 0) {
        const Objects = Contents.map(({ Key }) => ({ Key }));
        const { Errors = [] } = await this.#client.send(
          new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
        );
        if (Errors.length > 0) throw new Error(`${Errors.length} objects could not be deleted (${Errors[0]!.Code})`);
        count += Contents.length;
      }
      if (NextContinuationToken === undefined) return count;
      ContinuationToken = NextContinuationToken;
    }
  }
}
