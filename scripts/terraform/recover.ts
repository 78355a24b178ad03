/**
 * After an engine was killed in the middle of an apply, its state lacks up to 20 s of what it created (the interval in
 * which OpenTofu saves it). The apply's journal names those resources, so they are imported: the finished ones by their
 * id, those whose creation was never answered by their name.
 */
import type { Reporter } from '../console/reporter';
import { importId, type TerraformJson } from './import-ids';
import type { EngineEvent } from './run';
import type { Stack } from './stack';

export interface Journal {
  /** `id` by address, of what was created and not destroyed again. */
  readonly created: ReadonlyMap<string, string>;
  /** Addresses whose creation began and was never answered. */
  readonly begun: readonly string[];
}

export type RecoverableStack = Pick<
  Stack,
  'name' | 'unfinishedJournal' | 'stateIds' | 'config' | 'import' | 'forgetJournal'
>;

/** Finds the id of something that was asked for and never answered. */
export type FindCreated = (
  address: string,
  config: TerraformJson,
  known: ReadonlySet<string>,
) => Promise<string | undefined>;

export async function recover(stack: RecoverableStack, reporter: Reporter, find: FindCreated): Promise<void> {
  const { created, begun } = readJournal(stack.unfinishedJournal());
  if (created.size === 0 && begun.length === 0) return stack.forgetJournal();
  const known = await stack.stateIds();
  const config: TerraformJson = stack.config();
  const ids = new Map([...created, ...known]);
  const lost = [...created.keys(), ...begun].filter((address) => !known.has(address) && isConfigured(address, config));
  if (lost.length > 0) {
    await reporter.step(
      `take up to ${lost.length} resources of an interrupted apply back into the state`,
      async (update) => {
        for (const address of lost) {
          update(address);
          const found = ids.has(address) ? undefined : await find(address, config, new Set(ids.values()));
          if (found !== undefined) ids.set(address, found);
          const id = importId(address, { config, ids });
          const imported = id !== undefined && (await stack.import(address, id));
          // What had not been answered may never have been made; then the plan creates it.
          if (!imported && created.has(address) && id !== undefined) {
            reporter.warn(`${address} (${id}) could not be imported; look for it if the plan creates it again.`);
          }
        }
      },
    );
  }
  stack.forgetJournal();
}

export function readJournal(events: readonly EngineEvent[]): Journal {
  const created = new Map<string, string>();
  const begun = new Set<string>();
  for (const { type, hook } of events) {
    if (hook === undefined) continue;
    const address = hook.resource.addr;
    if (type === 'apply_start' && hook.action === 'create') begun.add(address);
    if (type === 'apply_errored') begun.delete(address);
    if (type !== 'apply_complete') continue;
    begun.delete(address);
    if (hook.action === 'delete') created.delete(address);
    if (hook.action === 'create' && hook.id_value !== undefined) created.set(address, hook.id_value);
  }
  return { created, begun: [...begun] };
}

function isConfigured(address: string, config: TerraformJson): boolean {
  const [type = '', name = ''] = address.split('.');
  return config.resource?.[type]?.[name] !== undefined;
}
