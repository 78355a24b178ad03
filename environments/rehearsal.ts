/**
 * What a rehearsal on this machine may set otherwise than the repository says: `<home>/settings.json`, by system and
 * environment. Read for the local target alone, checked by the same schemas; AWS never sees it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError, environmentNames, type Target } from './schema';

const overridesSchema = z.record(
  z.string(),
  z.partialRecord(z.enum(environmentNames), z.record(z.string(), z.unknown())),
);

export type Overrides = z.infer<typeof overridesSchema>;

export interface RehearsalPlace {
  readonly target: Target;
  /** Folder of the rehearsal (`SLUICE_HOME`, else `<root>/.sluice`). */
  readonly home: string;
}

export function overridesPath({ home }: Pick<RehearsalPlace, 'home'>): string {
  return join(home, 'settings.json');
}

/** Nothing on AWS, and nothing without the file. */
export function readOverrides(place: RehearsalPlace, systems: readonly string[]): Overrides {
  const path = overridesPath(place);
  if (place.target !== 'local' || !existsSync(path)) return {};
  const remedy = `Correct the file or delete it; it looks like {"${systems[0]}": {"dev": {"<setting>": <value>}}}.`;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigurationError(path, [`is not JSON: ${(error as Error).message}`], remedy);
  }
  const parsed = overridesSchema.safeParse(value);
  const problems = parsed.success
    ? Object.keys(parsed.data)
        .filter((name) => !systems.includes(name))
        .map((name) => `"${name}" is unknown; there is: ${systems.join(', ')}`)
    : parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`);
  if (!parsed.success || problems.length > 0) throw new ConfigurationError(path, problems, remedy);
  return parsed.data;
}

/** Names of the settings that differ, for telling people. */
export function overriddenNames(overrides: Overrides, system: string, environment: string): string[] {
  return Object.keys(overrides[system]?.[environment as (typeof environmentNames)[number]] ?? {}).sort();
}
