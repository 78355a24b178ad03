/** Cost Explorer's anomaly monitors and subscriptions: kept and read back; they watch nothing. */
import { randomUUID } from 'node:crypto';
import type { ServiceHandler } from './gateway';
import { readJson } from './json-file';
import { page, ServiceError, storedService, text, type Item, type Operation } from './stored-service';

interface Store {
  monitors: Record<string, Item>;
  subscriptions: Record<string, Item>;
  tags: Record<string, Array<{ Key: string; Value: string }>>;
}

interface Kind {
  readonly store: 'monitors' | 'subscriptions';
  /** Field of a request that holds the thing. */
  readonly field: string;
  readonly arn: string;
  readonly list: string;
  readonly arns: string;
  readonly path: string;
  readonly missing: string;
}

const kinds: readonly Kind[] = [
  {
    store: 'monitors',
    field: 'AnomalyMonitor',
    arn: 'MonitorArn',
    list: 'AnomalyMonitors',
    arns: 'MonitorArnList',
    path: 'anomalymonitor',
    missing: 'UnknownMonitorException',
  },
  {
    store: 'subscriptions',
    field: 'AnomalySubscription',
    arn: 'SubscriptionArn',
    list: 'AnomalySubscriptions',
    arns: 'SubscriptionArnList',
    path: 'anomalysubscription',
    missing: 'UnknownSubscriptionException',
  },
];

const today = (): string => new Date().toISOString().slice(0, 10);

function operationsOf(kind: Kind): Record<string, Operation<Store>> {
  const known = (store: Store, arn: string): Item => {
    const item = store[kind.store][arn];
    if (!item) throw new ServiceError(kind.missing, `${arn} does not exist`);
    return item;
  };
  return {
    [`Create${kind.field}`]: (store, input, account) => {
      const arn = `arn:aws:ce::${account}:${kind.path}/${randomUUID()}`;
      const dates =
        kind.store === 'monitors' ? { CreationDate: today(), LastUpdatedDate: today() } : { AccountId: account };
      store[kind.store][arn] = { ...dates, ...(input[kind.field] as Item), [kind.arn]: arn };
      if (input['ResourceTags']) store.tags[arn] = input['ResourceTags'] as Store['tags'][string];
      return { [kind.arn]: arn };
    },
    [`Get${kind.field}s`]: (store, input) => {
      const wanted = input[kind.arns] as string[] | undefined;
      const all = wanted?.length ? wanted.map((arn) => known(store, arn)) : Object.values(store[kind.store]);
      const { found, next } = page(all, Number(input['MaxResults'] ?? 100), input['NextPageToken'], 'NextPageToken');
      return { [kind.list]: found, ...next };
    },
    [`Update${kind.field}`]: (store, input) => {
      const arn = text(input[kind.arn]);
      const { [kind.arn]: _arn, ...changes } = input;
      store[kind.store][arn] = { ...known(store, arn), ...changes };
      return { [kind.arn]: arn };
    },
    [`Delete${kind.field}`]: (store, input) => {
      const arn = text(input[kind.arn]);
      known(store, arn);
      delete store[kind.store][arn];
      delete store.tags[arn];
      return {};
    },
  };
}

const operations: Record<string, Operation<Store>> = {
  ...Object.assign({}, ...kinds.map(operationsOf)),
  ListTagsForResource: (store: Store, input: Item) => ({ ResourceTags: store.tags[text(input['ResourceArn'])] ?? [] }),
  TagResource: (store: Store, input: Item) => {
    const arn = text(input['ResourceArn']);
    const added = (input['ResourceTags'] as Store['tags'][string]) ?? [];
    store.tags[arn] = [...(store.tags[arn] ?? []).filter(({ Key }) => !added.some((tag) => tag.Key === Key)), ...added];
    return {};
  },
  UntagResource: (store: Store, input: Item) => {
    const keys = (input['ResourceTagKeys'] as string[] | undefined) ?? [];
    const arn = text(input['ResourceArn']);
    store.tags[arn] = (store.tags[arn] ?? []).filter(({ Key }) => !keys.includes(Key));
    return {};
  },
};

const empty = (): Store => ({ monitors: {}, subscriptions: {}, tags: {} });

export function anomalyMonitors(file: string, account: string, otherwise?: ServiceHandler): ServiceHandler {
  return storedService(file, account, empty, operations, otherwise);
}

export function anomalyInventory(file: string): string[] {
  const store = { ...empty(), ...readJson<Store>(file) };
  return kinds.flatMap(({ store: name }) => Object.keys(store[name]).map((arn) => `ce/${name}/${arn}`));
}
