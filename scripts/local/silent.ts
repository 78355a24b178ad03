/** In the background nobody watches; what goes wrong becomes an incident of the status. */
import type { Reporter } from '../console/reporter';

export const silent: Reporter = {
  step: (_title, work) => work(() => undefined),
  info: () => undefined,
  warn: () => undefined,
};
