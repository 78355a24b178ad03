/** What every way in refuses before anything is written. */
import { UserError } from '../console/errors';
import type { Session } from '../session/session';
import type { StackFacts } from '../../environments/stack-facts';
import type { PlanSummary } from '../terraform/plan';
import type { Stack } from '../terraform/stack';

/** The gate never closes on a live environment: only `destroy` takes compute away. */
export async function refuseToClose(stack: Pick<Stack, 'name' | 'stateList'>, facts: StackFacts): Promise<void> {
  if (facts.phase === 2) return;
  const waiting = new Set(facts.waiting.resources);
  const live = (await stack.stateList()).filter((address) => waiting.has(address));
  if (live.length === 0) return;
  throw new UserError(
    [
      `The gate of ${stack.name} would close on a live environment: no ready image for ${facts.waiting.services.join(', ')}.`,
      `These ${live.length} resources would be destroyed:`,
      ...live.map((address) => `  - ${address}`),
      'Nothing was changed.',
    ].join('\n'),
    {
      remedy:
        `Bring the lock of images back (./sluice images status ${facts.system} ${facts.environment}; ./sluice images push ` +
        `${facts.system} ${facts.environment}), or take the environment away with ./sluice destroy ${facts.system} ${facts.environment}.`,
    },
  );
}

/** In a protected environment nothing that holds data is replaced or destroyed unless it is named. */
export function refuseToLoseData(
  session: Session,
  facts: StackFacts,
  plan: PlanSummary,
  allowed: readonly string[],
): void {
  if (!session.system.environments[session.environment].protected) return;
  const stateful = new Set(facts.stateful);
  const lost = [...plan.delete, ...plan.replace].filter(
    (address) => stateful.has(address) && !allowed.includes(address),
  );
  if (lost.length === 0) return;
  throw new UserError(
    [
      `${session.stackName} is protected, and this plan destroys or replaces what holds data:`,
      ...lost.map((address) => `  - ${address}`),
      'Nothing was changed.',
    ].join('\n'),
    { remedy: `If that is meant, name each: ${lost.map((address) => `--allow-data-loss ${address}`).join(' ')}` },
  );
}
