/** Judges what the policy scanner found against what the stacks accept: each accepted finding by resource and check. */

export interface Finding {
  /** Stack, from the path of the scanned file. */
  readonly stack: string;
  /** Name of the resource in the Terraform JSON; the scanner does not always tell its type. */
  readonly name: string;
  readonly check: string;
  readonly title: string;
}

export interface Skip {
  readonly stack: string;
  /** Terraform address. */
  readonly resource: string;
  readonly check: string;
  readonly reason: string;
  readonly owner: string;
}

export interface Verdict {
  readonly passed: number;
  readonly failed: readonly Finding[];
  readonly skipped: number;
  /** Accepted findings that the scanner does not make: the reason has gone, so must the line. */
  readonly stale: readonly Skip[];
  /** Files that the scanner could not read. */
  readonly unreadable: number;
}

interface ScannerOutput {
  readonly summary: { readonly passed: number; readonly parsing_errors: number };
  readonly results: {
    readonly failed_checks: readonly { check_id: string; check_name: string; resource: string; file_path: string }[];
  };
}

export function judge(output: ScannerOutput, skips: readonly Skip[]): Verdict {
  const findings = output.results.failed_checks.map((found): Finding => ({
    stack: found.file_path.split('/').at(-2) ?? '',
    name: found.resource.split('.').at(-1) ?? '',
    check: found.check_id,
    title: found.check_name,
  }));
  const key = (stack: string, name: string, check: string): string => `${stack} ${name} ${check}`;
  const accepted = new Set(skips.map(({ stack, resource, check }) => key(stack, resource.split('.')[1] ?? '', check)));
  const found = new Set(findings.map(({ stack, name, check }) => key(stack, name, check)));
  const failed = findings.filter(({ stack, name, check }) => !accepted.has(key(stack, name, check)));
  return {
    passed: output.summary.passed,
    failed,
    skipped: findings.length - failed.length,
    stale: skips.filter(({ stack, resource, check }) => !found.has(key(stack, resource.split('.')[1] ?? '', check))),
    unreadable: output.summary.parsing_errors,
  };
}

/** Nothing failed, nothing is stale, everything was read, and something was looked at. */
export function isGood({ passed, failed, stale, unreadable }: Verdict): boolean {
  return passed > 0 && failed.length === 0 && stale.length === 0 && unreadable === 0;
}

export function describeVerdict({ passed, failed, skipped, stale, unreadable }: Verdict): string[] {
  return [
    ...failed.map(({ stack, name, check, title }) => `failed: ${check} ${stack} ${name}: ${title}`),
    ...stale.map(
      ({ stack, resource, check }) =>
        `stale skip: ${check} ${stack} ${resource}: the scanner no longer finds it; remove the line`,
    ),
    ...(unreadable === 0 ? [] : [`${unreadable} files could not be read by the scanner`]),
    ...(passed === 0 ? ['the scanner looked at nothing'] : []),
    `${passed} passed, ${failed.length} failed, ${skipped} skipped with a reason, ${stale.length} stale skips`,
  ];
}
