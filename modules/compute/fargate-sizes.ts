/** Which memory Fargate offers for which CPU. From the ECS developer guide, "Task CPU and memory". */

const GIB = 1024;

interface MemoryRange {
  readonly minimum: number;
  readonly maximum: number;
  readonly step: number;
}

const ranges: Readonly<Record<number, MemoryRange | readonly number[]>> = {
  256: [512, 1 * GIB, 2 * GIB],
  512: { minimum: 1 * GIB, maximum: 4 * GIB, step: GIB },
  1024: { minimum: 2 * GIB, maximum: 8 * GIB, step: GIB },
  2048: { minimum: 4 * GIB, maximum: 16 * GIB, step: GIB },
  4096: { minimum: 8 * GIB, maximum: 30 * GIB, step: GIB },
  8192: { minimum: 16 * GIB, maximum: 60 * GIB, step: 4 * GIB },
  16384: { minimum: 32 * GIB, maximum: 120 * GIB, step: 8 * GIB },
};

export const fargateCpus: readonly number[] = Object.keys(ranges).map(Number);

/** Memory sizes in MiB for a number of CPU units; empty when Fargate has no such CPU. */
export function fargateMemories(cpu: number): readonly number[] {
  const range = ranges[cpu];
  if (range === undefined) return [];
  if (!('step' in range)) return range;
  const count = (range.maximum - range.minimum) / range.step + 1;
  return Array.from({ length: count }, (_, index) => range.minimum + index * range.step);
}

/** What is wrong with a task's size, in words. */
export function fargateSizeProblem(cpu: number, memoryMiB: number): string | undefined {
  const memories = fargateMemories(cpu);
  if (memories.length === 0) return `cpu is ${cpu}; allowed: ${fargateCpus.join(', ')}`;
  if (memories.includes(memoryMiB)) return undefined;
  return `memoryMiB is ${memoryMiB}; allowed with ${cpu} CPU units: ${summary(memories)}`;
}

function summary(memories: readonly number[]): string {
  if (memories.length <= 4) return memories.join(', ');
  const step = (memories[1] ?? 0) - (memories[0] ?? 0);
  return `${memories[0]} to ${memories[memories.length - 1]} in steps of ${step}`;
}
