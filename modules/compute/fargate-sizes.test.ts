import fc from 'fast-check';
import { fargateCpus, fargateMemories, fargateSizeProblem } from './fargate-sizes';

describe('Fargate sizes', () => {
  it.each([
    [256, [512, 1024, 2048]],
    [512, [1024, 2048, 3072, 4096]],
  ])('%d CPU units', (cpu, memories) => expect(fargateMemories(cpu)).toEqual(memories));

  it('says what is allowed on both sides of each bound', () => {
    expect(fargateSizeProblem(256, 512)).toBeUndefined();
    expect(fargateSizeProblem(256, 511)).toBe('memoryMiB is 511; allowed with 256 CPU units: 512, 1024, 2048');
    expect(fargateSizeProblem(1024, 8192)).toBeUndefined();
    expect(fargateSizeProblem(1024, 9216)).toBe(
      'memoryMiB is 9216; allowed with 1024 CPU units: 2048 to 8192 in steps of 1024',
    );
    expect(fargateSizeProblem(16384, 122880)).toBeUndefined();
    expect(fargateSizeProblem(300, 512)).toBe('cpu is 300; allowed: 256, 512, 1024, 2048, 4096, 8192, 16384');
  });

  it('offers only whole steps, two to eight MiB a CPU unit', () => {
    fc.assert(
      fc.property(fc.constantFrom(...fargateCpus), (cpu) => {
        for (const memory of fargateMemories(cpu)) {
          expect(memory / cpu).toBeGreaterThanOrEqual(2);
          expect(memory / cpu).toBeLessThanOrEqual(8);
          expect(memory % 512).toBe(0);
        }
      }),
    );
  });
});
