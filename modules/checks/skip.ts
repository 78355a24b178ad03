/**
 * A finding of the policy scanner that is accepted, written next to the resource it is for. Terraform JSON has no
 * comments that the scanner reads, so the skips travel as construct metadata: synthesis writes them beside the stack,
 * and the scanner's runner (scripts/checks/checkov.ts) takes exactly these pairs out, and fails on one that is stale.
 */
import type { TerraformElement } from 'cdktf';
import type { IConstruct } from 'constructs';

export interface SkipReason {
  /** Why the finding is accepted here. */
  readonly reason: string;
  /** Who answers for it. */
  readonly owner: string;
}

export interface SkippedCheck extends SkipReason {
  readonly check: string;
  /** Terraform address of the resource. */
  readonly resource: string;
}

const METADATA = 'sluice:skip-check';

/** Accepts findings on one resource. */
export function skipChecks(resource: TerraformElement, checks: readonly string[], reason: SkipReason): void {
  for (const check of checks) resource.node.addMetadata(METADATA, { check, ...reason });
}

/** Every accepted finding below `scope`, in a stable order. */
export function skippedChecks(scope: IConstruct, addressOf: (element: TerraformElement) => string): SkippedCheck[] {
  return scope.node
    .findAll()
    .flatMap((node) =>
      node.node.metadata
        .filter(({ type }) => type === METADATA)
        .map(({ data }) => ({
          resource: addressOf(node as TerraformElement),
          ...(data as Omit<SkippedCheck, 'resource'>),
        })),
    )
    .sort((a, b) => compare(a.resource, b.resource) || compare(a.check, b.check));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
