import { imageFunction } from '../functions/testing';
import { Naming } from '../naming/naming';
import { expectPassThrough, messageOf, naming, synth } from '../testing';
import { EventRule, type EventRuleProps } from './event-rule';

const base = {
  naming,
  part: 'ended',
  description: 'Executions that ended without their states',
  pattern: { source: ['aws.states'], detailTypes: ['Changed'], detail: { status: ['TIMED_OUT', 'ABORTED'] } },
};
const rule = (props: Partial<EventRuleProps> = {}) =>
  synth((stack) => new EventRule(stack, 'rule', { ...base, function: imageFunction(stack), ...props }));

describe('events.EventRule', () => {
  it('calls the function for events of the pattern, which alone may call it', () => {
    const found = rule();
    const made = found.only('aws_cloudwatch_event_rule');
    expect(made).toMatchObject({ name: 'shop-test-ended', description: base.description, state: 'ENABLED' });
    expect(JSON.parse(made['event_pattern'])).toEqual({
      source: ['aws.states'],
      'detail-type': ['Changed'],
      detail: { status: ['TIMED_OUT', 'ABORTED'] },
    });
    expect(found.only('aws_cloudwatch_event_target')).toMatchObject({
      rule: expect.stringMatching(/^\$\{aws_cloudwatch_event_rule\.\w+\.name\}$/),
      target_id: 'shop-test-writer',
      arn: expect.stringMatching(/^\$\{aws_lambda_function\.writer_\w+\.arn\}$/),
      retry_policy: { maximum_retry_attempts: 185, maximum_event_age_in_seconds: 86400 },
      depends_on: [expect.stringMatching(/^aws_lambda_permission\.rule_Invoke/)],
    });
    expect(found.only('aws_lambda_permission')).toMatchObject({
      statement_id: 'AllowInvokeFrom-ended',
      action: 'lambda:InvokeFunction',
      function_name: expect.stringMatching(/^\$\{aws_lambda_function\.writer_\w+\.function_name\}$/),
      principal: 'events.amazonaws.com',
      source_arn: expect.stringMatching(/^\$\{aws_cloudwatch_event_rule\.\w+\.arn\}$/),
    });
  });

  it('leaves the detail out where any will do, and can be off', () => {
    const made = rule({ pattern: { source: ['a'], detailTypes: ['b'] }, enabled: false }).only(
      'aws_cloudwatch_event_rule',
    );
    expect(JSON.parse(made['event_pattern'])).toEqual({ source: ['a'], 'detail-type': ['b'] });
    expect(made['state']).toBe('DISABLED');
  });

  it('reports every problem at once', () => {
    const given = {
      pattern: { source: [], detailTypes: [], detail: { status: [] } },
      maximumRetryAttempts: 186,
      maximumEventAgeSeconds: 59,
    };
    expect(messageOf(() => rule(given))).toBe(
      [
        'events.EventRule at test/rule: 5 problems',
        '- maximumRetryAttempts is 186; allowed: a whole number from 0 to 185 attempts',
        '- maximumEventAgeSeconds is 59; allowed: a whole number from 60 to 86400 seconds',
        '- pattern.source is empty; allowed: one value or more, as none matches nothing',
        '- pattern.detailTypes is empty; allowed: one value or more, as none matches nothing',
        '- pattern.status is empty; allowed: one value or more, as none matches nothing',
      ].join('\n'),
    );
    expect(() => rule({ maximumRetryAttempts: 0, maximumEventAgeSeconds: 60 })).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<EventRuleProps, 'function'>>(
      base,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'x',
        description: 'Else',
        pattern: { source: ['aws.ecs'], detailTypes: ['Changed'] },
        enabled: false,
        maximumRetryAttempts: 1,
        maximumEventAgeSeconds: 60,
      },
      (stack, props) => new EventRule(stack, 'rule', { function: imageFunction(stack), ...props }),
    );
  });
});
