/** The sessions table and the bucket of a function, put together from its environment once. */
import { createBucketClient, createPresigner, createTableClient } from './clients';
import { StoryObjects } from './objects';
import { SessionStore } from './session-store';

export interface StoreEnvironment {
  readonly SESSIONS_TABLE: string;
  readonly IMAGES_BUCKET: string;
  readonly S3_PUBLIC_ENDPOINT?: string;
}

export interface Stores {
  readonly store: SessionStore;
  readonly objects: StoryObjects;
}

/** Without `texts`, long texts that live in the bucket are not read: for who needs none and may not. */
export function createStores(environment: StoreEnvironment, { texts = true } = {}): Stores {
  const bucket = createBucketClient();
  const objects = new StoryObjects({
    client: bucket,
    bucket: environment.IMAGES_BUCKET,
    presigner: createPresigner(environment.S3_PUBLIC_ENDPOINT, bucket),
  });
  const store = new SessionStore({ client: createTableClient(), table: environment.SESSIONS_TABLE, objects, texts });
  return { store, objects };
}
