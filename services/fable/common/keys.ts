/** Where things are: keys of the three tables and of the artifacts bucket. The pipeline and the container know them too. */

export type TableKey = Readonly<Record<'PK' | 'SK', string>>;

const BUILD_PREFIX = 'BUILD#';
export const buildsPartition = (orgId: string): string => `ORG#${orgId}`;
export const buildKey = (orgId: string, buildId: string): TableKey => ({
  PK: buildsPartition(orgId),
  SK: `${BUILD_PREFIX}${buildId}`,
});
/** What all sort keys of builds begin with; the rest of a partition is idempotency items. */
export const buildSortPrefix = BUILD_PREFIX;
export const idempotencyItemKey = (orgId: string, key: string): TableKey => ({
  PK: buildsPartition(orgId),
  SK: `IDEM#${key}`,
});

export const conversationsPartition = (userId: string): string => `USER#${userId}`;
export const conversationSortPrefix = 'CONV#';
export const conversationKey = (userId: string, conversationId: string): TableKey => ({
  PK: conversationsPartition(userId),
  SK: `${conversationSortPrefix}${conversationId}`,
});

export type Phase = 'core' | 'oi';

export const specObjectKey = (buildId: string): string => `builds/${buildId}/spec.json`;
export const outputObjectKey = (buildId: string, phase: Phase): string => `builds/${buildId}/${phase}-output.json`;
