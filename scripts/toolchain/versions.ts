/** Every version the toolchain pins, in one place. The hashes behind them are in the go.sum files and requirement files beside. */

export const openTofu = { version: '1.12.6', atLeast: '1.12.1' } as const;
/** Terraform is used only when TERRAFORM_BINARY_NAME names it; write-only arguments need 1.11. */
export const terraform = { atLeast: '1.11.0' } as const;

export const awsProvider = {
  version: '6.34.0',
  modulePath: 'github.com/hashicorp/terraform-provider-aws',
  /** Where the Go module proxy has that release; no tagged 6.x is a valid Go module version. The checksum database does not know it: go.sum does. */
  source: 'github.com/upbound/terraform-provider-aws',
} as const;

/** OpenTofu's own requirement; the provider's is lower. */
export const go = { atLeast: '1.26.6' } as const;
export const python = { atLeast: '3.11.0' } as const;
export const ministack = { version: '1.5.33' } as const;
export const moto = { version: '5.2.5' } as const;
/** With pgvector 0.6.2, both inside the package pgserver. */
export const postgres = { version: '16.2', pgserver: '0.1.4' } as const;

/** Scanner of the synthesised stacks. */
export const checkov = { version: '3.3.30' } as const;
/** Asks a running API what its OpenAPI document says it takes. */
export const schemathesis = { version: '4.32.5' } as const;

/** Numeric comparison of the first three parts; a pre-release suffix is ignored. */
export function isAtLeast(version: string, atLeast: string): boolean {
  const parts = (text: string) =>
    text
      .replace(/^v|^go/, '')
      .split(/[.+-]/)
      .slice(0, 3)
      .map((part) => Number.parseInt(part, 10) || 0);
  const [left, right] = [parts(version), parts(atLeast)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
