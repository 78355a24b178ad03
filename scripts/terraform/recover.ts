/**
 * After an engine was killed in the middle of an apply, its state lacks up to 20 s of what it created (the interval in
 * which OpenTofu saves it). The apply's journal names those resources and their ids, so they are imported.
 */
import type { Reporter } from '../console/reporter';
import type { EngineEvent } from './run';
import type { Stack } from './stack';
import { importId } from './import-ids';

export interface CreatedResource {
  readonly address: string;
  readonly type: string;
  readonly id: string;
}

export async function recover(
  stack: Pick<Stack, 'name' | 'unfinishedJournal' | 'stateList' | 'import' | 'forgetJournal'>,
  reporter: Reporter,
): Promise<void> {
  const created = createdIn(stack.unfinishedJournal());
  if (created.length === 0) return stack.forgetJournal();
  const known = new Set(await stack.stateList());
  const lost = created.filter(({ address }) => !known.has(address));
  if (lost.length > 0) {
    await reporter.step(`take ${lost.length} resources of an interrupted apply back into the state`, async (update) => {
      for (const resource of lost) {
        update(resource.address);
        if (!(await stack.import(resource.address, importId(resource, created)))) {
          reporter.warn(`${resource.address} (${resource.id}) could not be imported; the plan shows whether it is missed.`);
        }
      }
    });
  }
  stack.forgetJournal();
}

/** Resources that the journal says were created and not destroyed again afterwards. */
export function createdIn(journal: readonly EngineEvent[]): CreatedResource[] {
  const created = new Map<string, CreatedResource>();
  for (const { type, hook } of journal) {
    if (type !== 'apply_complete' || hook === undefined) continue;
    const address = hook.resource.addr;
    if (hook.action === 'delete') created.delete(address);
    if (hook.action === 'create' && hook.id_value !== undefined) {
      created.set(address, { address, type: hook.resource.resource_type, id: hook.id_value });
    }
  }
  return [...created.values()];
}
