/** The tags that every resource of a stack carries, by the provider's `default_tags`. */

export interface StandardTags {
  readonly project: string;
  readonly system: string;
  readonly environment: string;
  readonly stack: string;
  /** Added to the standard ones; may not change them. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** AWS takes 50 tags a resource; five are left for what a resource says of itself (its Name). */
const MAXIMUM = 45;

export function standardTags({
  project,
  system,
  environment,
  stack,
  extra = {},
}: StandardTags): Record<string, string> {
  const standard: Record<string, string> = {
    Project: project,
    System: system,
    Environment: environment,
    Stack: stack,
    ManagedBy: 'sluice',
  };
  const taken = Object.keys(extra).filter((key) =>
    Object.keys(standard).some((name) => name.toLowerCase() === key.toLowerCase()),
  );
  if (taken.length > 0) throw new Error(`tags: ${taken.join(', ')} may not be changed; every stack sets it`);
  const tags = { ...standard, ...extra };
  const count = Object.keys(tags).length;
  if (count > MAXIMUM) throw new Error(`tags: ${count} tags; at most ${MAXIMUM}, as AWS takes 50 a resource`);
  return tags;
}
