/** Differences between two JSON values, as paths; what the framework writes about itself is left out. */

export interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Framework and provider versions, and where the provider comes from: what may differ between two frameworks. */
const expected = [/^\/\/\.metadata\.version$/, /^terraform\.required_providers\.aws\.(version|source)$/];

export function differences(before: unknown, after: unknown): Difference[] {
  return compare(before, after, []).filter(({ path }) => !expected.some((pattern) => pattern.test(path)));
}

function compare(before: unknown, after: unknown, path: readonly string[]): Difference[] {
  if (Object.is(before, after)) return [];
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => compare(before[key], after[key], [...path, key]));
  }
  return [{ path: path.join('.'), before, after }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
