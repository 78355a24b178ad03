import { expectPassThrough, messageOf, synth } from '../testing';
import { skippedChecks } from '../checks/skip';
import { LogGroup, type LogGroupProps } from './log-group';

const base: LogGroupProps = { name: '/ecs/shop', retentionDays: 14 };

describe('logs.LogGroup', () => {
  it('has a name and an end', () => {
    expect(synth((stack) => new LogGroup(stack, 'logs', base)).only('aws_cloudwatch_log_group')).toMatchObject({
      name: '/ecs/shop',
      retention_in_days: 14,
    });
  });

  it('accepts the finding on short retention only when it is short', () => {
    const skips = (retentionDays: number): string[] => {
      const seen: string[] = [];
      synth((stack) => {
        new LogGroup(stack, 'logs', { ...base, retentionDays });
        seen.push(...skippedChecks(stack, ({ friendlyUniqueId }) => friendlyUniqueId).map(({ check }) => check));
      });
      return seen;
    };
    expect(skips(180)).toEqual(['CKV_AWS_158', 'CKV_AWS_338']);
    expect(skips(365)).toEqual(['CKV_AWS_158']);
  });

  it('reports every problem at once', () => {
    expect(messageOf(() => synth((stack) => new LogGroup(stack, 'logs', { name: 'a b', retentionDays: 15 })))).toBe(
      [
        'logs.LogGroup at test/logs: 2 problems',
        '- name is "a b"; allowed: letters, digits and _ . / # -, up to 512',
        '- retentionDays is 15; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653',
      ].join('\n'),
    );
  });

  it('passes every prop on', () => {
    expectPassThrough<LogGroupProps>(
      base,
      { name: '/ecs/other', retentionDays: 30 },
      (stack, props) => new LogGroup(stack, 'logs', props),
    );
  });
});
