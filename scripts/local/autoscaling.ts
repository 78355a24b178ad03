/** Application Auto Scaling, which the emulator lacks: targets, policies and schedules are kept and read back exactly; nothing
 * scales by itself. */
import { randomUUID } from 'node:crypto';
import type { ServiceHandler } from './gateway';
import { readJson } from './json-file';
import { localRegion } from './places';
import { page, ServiceError, storedService, text, type Item, type Operation } from './stored-service';

interface Store {
  targets: Record<string, Item>;
  policies: Record<string, Item>;
  schedules: Record<string, Item>;
  tags: Record<string, Record<string, string>>;
}

const scalable = (input: Item): string =>
  [input['ServiceNamespace'], input['ResourceId'], input['ScalableDimension']].map(text).join('|');
const now = (): number => Math.round(Date.now()) / 1000;

/** Picks items by the filters that the call gives, in pages. */
function select(
  items: Record<string, Item>,
  input: Item,
  filters: Readonly<Record<string, string>>,
): { found: Item[]; next: Item } {
  const all = Object.values(items).filter((item) =>
    Object.entries(filters).every(([given, field]) => {
      const wanted = input[given];
      if (wanted === undefined || wanted === null || (Array.isArray(wanted) && !wanted.length)) return true;
      return Array.isArray(wanted) ? wanted.includes(item[field]) : wanted === item[field];
    }),
  );
  return page(all, Number(input['MaxResults'] ?? 50), input['NextToken'], 'NextToken');
}

const place = { ServiceNamespace: 'ServiceNamespace', ScalableDimension: 'ScalableDimension' };

function needTarget(store: Store, input: Item): void {
  if (!store.targets[scalable(input)]) {
    throw new ServiceError(
      'ObjectNotFoundException',
      `No scalable target registered for service namespace: ${text(input['ServiceNamespace'])}, resource ID: ${text(input['ResourceId'])}, scalable dimension: ${text(input['ScalableDimension'])}`,
    );
  }
}

function remove(items: Record<string, Item>, key: string, what: string): Item {
  if (!items[key]) throw new ServiceError('ObjectNotFoundException', `No ${what} found: ${key}`);
  delete items[key];
  return {};
}

const operations: Readonly<Record<string, Operation<Store>>> = {
  RegisterScalableTarget: (store, input, account) => {
    const key = scalable(input);
    const known = store.targets[key];
    const { Tags: tags, ...fields } = input;
    const arn =
      text(known?.['ScalableTargetARN']) ||
      `arn:aws:application-autoscaling:${localRegion}:${account}:scalable-target/${randomUUID().replaceAll('-', '').slice(0, 26)}`;
    const role = `arn:aws:iam::${account}:role/aws-service-role/${text(input['ServiceNamespace'])}.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling`;
    const suspended = {
      DynamicScalingInSuspended: false,
      DynamicScalingOutSuspended: false,
      ScheduledScalingSuspended: false,
    };
    store.targets[key] = {
      RoleARN: role,
      CreationTime: now(),
      ...known,
      ...fields,
      SuspendedState: {
        ...suspended,
        ...(known?.['SuspendedState'] as Item | undefined),
        ...(fields['SuspendedState'] as Item | undefined),
      },
      ScalableTargetARN: arn,
    };
    if (tags) store.tags[arn] = tags as Record<string, string>;
    return { ScalableTargetARN: arn };
  },
  DescribeScalableTargets: (store, input) => {
    const { found, next } = select(store.targets, input, { ...place, ResourceIds: 'ResourceId' });
    return { ScalableTargets: found, ...next };
  },
  DeregisterScalableTarget: (store, input) => {
    const key = scalable(input);
    delete store.tags[text(store.targets[key]?.['ScalableTargetARN'])];
    for (const items of [store.policies, store.schedules]) {
      for (const [name, item] of Object.entries(items)) if (scalable(item) === key) delete items[name];
    }
    return remove(store.targets, key, 'scalable target');
  },
  PutScalingPolicy: (store, input, account) => {
    needTarget(store, input);
    const key = `${scalable(input)}|${text(input['PolicyName'])}`;
    const id = randomUUID();
    const arn =
      text(store.policies[key]?.['PolicyARN']) ||
      `arn:aws:autoscaling:${localRegion}:${account}:scalingPolicy:${id}:resource/${text(input['ServiceNamespace'])}/${text(input['ResourceId'])}:policyName/${text(input['PolicyName'])}`;
    store.policies[key] = {
      PolicyType: 'StepScaling',
      CreationTime: now(),
      Alarms: [],
      ...store.policies[key],
      ...input,
      PolicyARN: arn,
    };
    return { PolicyARN: arn, Alarms: [] };
  },
  DescribeScalingPolicies: (store, input) => {
    const { found, next } = select(store.policies, input, {
      ...place,
      ResourceId: 'ResourceId',
      PolicyNames: 'PolicyName',
    });
    return { ScalingPolicies: found, ...next };
  },
  DeleteScalingPolicy: (store, input) =>
    remove(store.policies, `${scalable(input)}|${text(input['PolicyName'])}`, 'scaling policy'),
  PutScheduledAction: (store, input, account) => {
    needTarget(store, input);
    const name = text(input['ScheduledActionName']);
    const key = `${scalable(input)}|${name}`;
    const arn = `arn:aws:autoscaling:${localRegion}:${account}:scheduledAction:${randomUUID()}:resource/${text(input['ServiceNamespace'])}/${text(input['ResourceId'])}:scheduledActionName/${name}`;
    store.schedules[key] = {
      Timezone: 'UTC',
      CreationTime: now(),
      ScheduledActionARN: arn,
      ...store.schedules[key],
      ...input,
    };
    return {};
  },
  DescribeScheduledActions: (store, input) => {
    const { found, next } = select(store.schedules, input, {
      ...place,
      ResourceId: 'ResourceId',
      ScheduledActionNames: 'ScheduledActionName',
    });
    return { ScheduledActions: found, ...next };
  },
  DeleteScheduledAction: (store, input) =>
    remove(store.schedules, `${scalable(input)}|${text(input['ScheduledActionName'])}`, 'scheduled action'),
  DescribeScalingActivities: () => ({ ScalingActivities: [] }),
  ListTagsForResource: (store, input) => ({ Tags: store.tags[text(input['ResourceARN'])] ?? {} }),
  TagResource: (store, input) => {
    const arn = text(input['ResourceARN']);
    store.tags[arn] = { ...store.tags[arn], ...(input['Tags'] as Record<string, string>) };
    return {};
  },
  UntagResource: (store, input) => {
    const tags = store.tags[text(input['ResourceARN'])] ?? {};
    for (const key of (input['TagKeys'] as string[] | undefined) ?? []) delete tags[key];
    return {};
  },
};

export function autoscaling(file: string, account: string): ServiceHandler {
  return storedService(file, account, () => ({ targets: {}, policies: {}, schedules: {}, tags: {} }), operations);
}

export function autoscalingInventory(file: string): string[] {
  const store = readJson<Partial<Store>>(file) ?? {};
  return (['targets', 'policies', 'schedules'] as const).flatMap((kind) =>
    Object.keys(store[kind] ?? {}).map((key) => `application-autoscaling/${kind}/${key}`),
  );
}
