/** For the tests of modules: synthesises a stack of constructs with all validations on, and looks into the JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { App, TerraformStack, Testing } from 'cdktf';
import { skippedChecks } from './checks/skip';
import { Naming } from './naming/naming';

// Synthesised JSON is as deep as Terraform is; a test says what it expects in it.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Block = Record<string, any>;

export interface Synthesised {
  readonly json: Block;
  /** Resources of a type, in the order of their addresses. */
  all(type: string): Block[];
  /** The only resource of a type. */
  only(type: string): Block;
  /** Addresses of all resources. */
  readonly addresses: string[];
}

export const naming = new Naming({ project: 'shop', environment: 'test' });
export const account = '111111111111';
export const region = 'us-east-1';

/** Builds into a stack named `test` and synthesises it. Leaves nothing on disk. */
export function synth(build: (stack: TerraformStack) => void): Synthesised {
  const outdir = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  try {
    const stack = new TerraformStack(new App({ outdir }), 'test');
    new AwsProvider(stack, 'aws', { region });
    build(stack);
    return look(JSON.parse(Testing.synth(stack, true)) as Block);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

export function look(json: Block): Synthesised {
  const resources = (json['resource'] ?? {}) as Record<string, Record<string, Block>>;
  const all = (type: string): Block[] => Object.values(resources[type] ?? {});
  return {
    json,
    all,
    only(type) {
      const found = all(type);
      if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}; expected one`);
      return found[0] as Block;
    },
    addresses: Object.entries(resources)
      .flatMap(([type, named]) => Object.keys(named).map((name) => `${type}.${name}`))
      .sort(),
  };
}

/** Actions and resources of every statement of a rendered policy. */
export function statements(
  policy: string,
): { Sid?: string; Action: string[]; Resource: string[]; Condition?: Block }[] {
  return (JSON.parse(policy) as { Statement: [] }).Statement;
}

/** Findings of the policy scanner that the constructs accept, each once. */
export function skipsOf(build: (stack: TerraformStack) => void): string[] {
  const found: string[] = [];
  synth((stack) => {
    build(stack);
    found.push(...skippedChecks(stack, ({ friendlyUniqueId }) => friendlyUniqueId).map(({ check }) => check));
  });
  return [...new Set(found)].sort();
}

/** The message of what a function throws. */
export function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

/**
 * The pass-through test: setting any prop changes what is synthesised. `variants` has one other value for every prop, by
 * the compiler's check.
 */
export function expectPassThrough<Props extends object>(
  base: Props,
  variants: {
    readonly [Name in keyof Required<Props>]:
      Required<Props>[Name] | ((stack: TerraformStack) => Required<Props>[Name]);
  },
  build: (stack: TerraformStack, props: Props) => void,
): void {
  const render = (props: Props | ((stack: TerraformStack) => Props)): string =>
    JSON.stringify(synth((stack) => build(stack, typeof props === 'function' ? props(stack) : props)).json);
  const original = render(base);
  const silent = Object.entries(variants).filter(([name, value]) => {
    const changed = render((stack) => ({ ...base, [name]: typeof value === 'function' ? value(stack) : value }));
    return changed === original;
  });
  expect(silent.map(([name]) => name)).toEqual([]);
}
