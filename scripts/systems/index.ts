import type { SystemName } from '../../environments/index';
import type { SystemOperations } from './operations';
import { story42Operations } from './story-42/index';
import { t3netsOperations } from './t3nets/index';

/** One entry a system, checked by the compiler. */
export const operations: Record<SystemName, SystemOperations> = {
  t3nets: t3netsOperations,
  'story-42': story42Operations,
};
