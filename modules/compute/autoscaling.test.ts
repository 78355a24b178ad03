import { expectPassThrough, messageOf, naming, synth } from '../testing';
import { ServiceScaling, type ServiceScalingProps } from './autoscaling';
import { other } from './testing';

describe('compute.ServiceScaling', () => {
  const base: ServiceScalingProps = {
    naming,
    part: 'web',
    clusterName: 'c',
    serviceName: 's',
    minCount: 1,
    maxCount: 2,
    cpuTargetPercent: 50,
  };
  const scaling = (props: Partial<ServiceScalingProps>) =>
    synth((stack) => new ServiceScaling(stack, 'scaling', { ...base, ...props }));

  it('reports every problem at once', () => {
    const given = {
      minCount: 3,
      maxCount: 2,
      cpuTargetPercent: 9,
      scaleOutCooldownSeconds: -1,
      scaleInCooldownSeconds: 3601,
    };
    expect(messageOf(() => scaling(given))).toBe(
      [
        'compute.ServiceScaling at test/scaling: 4 problems',
        '- minCount is 3; allowed: at most maxCount, 2',
        '- cpuTargetPercent is 9; allowed: a whole number from 10 to 90 percent',
        '- scaleOutCooldownSeconds is -1; allowed: a whole number from 0 to 3600 seconds',
        '- scaleInCooldownSeconds is 3601; allowed: a whole number from 0 to 3600 seconds',
      ].join('\n'),
    );
    expect(() =>
      scaling({ minCount: 2, cpuTargetPercent: 10, scaleOutCooldownSeconds: 0, scaleInCooldownSeconds: 3600 }),
    ).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<ServiceScalingProps>(
      base,
      {
        naming: other,
        part: 'api',
        clusterName: 'd',
        serviceName: 't',
        minCount: 2,
        maxCount: 3,
        cpuTargetPercent: 60,
        scaleOutCooldownSeconds: 30,
        scaleInCooldownSeconds: 60,
      },
      (stack, props) => new ServiceScaling(stack, 'scaling', props),
    );
  });
});
