/** What a plan would do, short enough to read before saying yes: destroys first, then replacements, updates, creations. */

/** The parts of `tofu show -json <plan>` that are used here. */
export interface PlanJson {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly type: string;
    readonly mode: 'managed' | 'data';
    readonly change: { readonly actions: readonly string[]; readonly replace_paths?: readonly unknown[] };
  }[];
  readonly output_changes?: Record<string, { readonly actions: readonly string[] }>;
}

export interface PlanSummary {
  readonly create: readonly string[];
  readonly update: readonly string[];
  readonly replace: readonly string[];
  readonly delete: readonly string[];
  readonly outputs: readonly string[];
  readonly changes: number;
}

export function summarisePlan(plan: PlanJson): PlanSummary {
  const groups = { create: [] as string[], update: [] as string[], replace: [] as string[], delete: [] as string[] };
  for (const { address, mode, change } of plan.resource_changes ?? []) {
    if (mode !== 'managed') continue;
    const kind = kindOf(change.actions);
    if (kind !== undefined) groups[kind].push(address);
  }
  for (const list of Object.values(groups)) list.sort();
  const outputs = Object.entries(plan.output_changes ?? {})
    .filter(([, change]) => !change.actions.every((action) => action === 'no-op'))
    .map(([name]) => name)
    .sort();
  const changes = Object.values(groups).reduce((sum, list) => sum + list.length, outputs.length);
  return { ...groups, outputs, changes };
}

function kindOf(actions: readonly string[]): 'create' | 'update' | 'replace' | 'delete' | undefined {
  if (actions.includes('delete')) return actions.includes('create') ? 'replace' : 'delete';
  if (actions.includes('create')) return 'create';
  return actions.includes('update') ? 'update' : undefined;
}

/** Lines for people. Long lists of creations are cut; what goes away is always listed whole. */
export function describePlan(summary: PlanSummary): string[] {
  if (summary.changes === 0) return ['No changes: the environment is as the code says.'];
  const lines: string[] = [];
  const list = (sign: string, title: string, addresses: readonly string[], most = Infinity): void => {
    if (addresses.length === 0) return;
    lines.push(`${title} (${addresses.length})`);
    lines.push(...addresses.slice(0, most).map((address) => `  ${sign} ${address}`));
    if (addresses.length > most) lines.push(`  … and ${addresses.length - most} more`);
  };
  list('-', 'DESTROY', summary.delete);
  list('±', 'REPLACE', summary.replace);
  list('~', 'change', summary.update, 20);
  list('+', 'create', summary.create, 12);
  if (summary.outputs.length > 0) lines.push(`outputs that change: ${summary.outputs.join(', ')}`);
  return lines;
}
