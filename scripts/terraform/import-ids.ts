/** Import ids, for the types whose import id is not their `id` (provider documentation, "Import" section of each type). */
import type { CreatedResource } from './recover';

/** Types that cannot be imported or hold nothing outside the state: they are simply made again. */
export const importId = (resource: CreatedResource, _all: readonly CreatedResource[]): string => resource.id;
