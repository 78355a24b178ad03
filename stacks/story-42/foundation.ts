/** What phase 1 made and phase 2 stands on. */
import type { Story42Settings } from '../../environments/story-42';
import type { Table } from '../../modules/data/table';
import type { Repository } from '../../modules/ecr/repository';
import type { Distribution } from '../../modules/edge/distribution';
import type { UserPool } from '../../modules/identity/user-pool';
import type { Naming } from '../../modules/naming/naming';
import type { Vpc } from '../../modules/networking/vpc';
import type { Secret } from '../../modules/secrets/secret';
import type { Bucket } from '../../modules/storage/bucket';

export interface Foundation {
  readonly settings: Story42Settings;
  readonly environment: string;
  readonly naming: Naming;
  readonly place: { readonly account: string; readonly region: string };
  readonly vpc: Vpc;
  readonly sessions: Table;
  /** Stories, images and audio. */
  readonly objects: Bucket;
  readonly distribution: Distribution;
  readonly users: UserPool;
  readonly googleKey: Secret;
  readonly ttsKey: Secret;
  readonly repositories: Readonly<Record<'text' | 'image' | 'data' | 'agent', Repository>>;
}
