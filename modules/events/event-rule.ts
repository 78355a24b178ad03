/** An EventBridge rule on the default bus: events of a pattern call one function. */
import { CloudwatchEventRule } from '@cdktf/provider-aws/lib/cloudwatch-event-rule';
import { CloudwatchEventTarget } from '@cdktf/provider-aws/lib/cloudwatch-event-target';
import { LambdaPermission } from '@cdktf/provider-aws/lib/lambda-permission';
import { Construct } from 'constructs';
import { check, inRange, unless } from '../checks/checks';
import type { InvocableFunction } from '../functions/invocable';
import type { Naming } from '../naming/naming';

/** All of it must match; of each list, one. */
export interface EventPattern {
  /** Such as `aws.states`. */
  readonly source: readonly string[];
  readonly detailTypes: readonly string[];
  /** Fields of the event's detail, with their values. @default - any */
  readonly detail?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
}

export interface EventRuleProps {
  readonly naming: Naming;
  /** Last part of the rule's name. */
  readonly part: string;
  readonly description: string;
  readonly pattern: EventPattern;
  /** Gets the whole event. */
  readonly function: InvocableFunction;
  /** @default true */
  readonly enabled?: boolean;
  /** How often EventBridge tries again to hand an event over, 0 to 185. @default 185 */
  readonly maximumRetryAttempts?: number;
  /** After which it gives up, 60 to 86400. @default 86400 */
  readonly maximumEventAgeSeconds?: number;
}

export class EventRule extends Construct {
  readonly resource: CloudwatchEventRule;

  constructor(scope: Construct, id: string, props: EventRuleProps) {
    super(scope, id);
    const { naming, part, pattern, maximumRetryAttempts = 185, maximumEventAgeSeconds = 86_400 } = props;
    const lists = { source: pattern.source, detailTypes: pattern.detailTypes, ...pattern.detail };
    check(this, 'events.EventRule', [
      inRange('maximumRetryAttempts', maximumRetryAttempts, 0, 185, 'attempts'),
      inRange('maximumEventAgeSeconds', maximumEventAgeSeconds, 60, 86_400, 'seconds'),
      ...Object.entries(lists).map(([field, values]) =>
        unless(values.length === 0, `pattern.${field} is empty; allowed: one value or more, as none matches nothing`),
      ),
    ]);
    this.resource = new CloudwatchEventRule(this, 'Resource', {
      name: naming.name('aws_cloudwatch_event_rule', part),
      description: props.description,
      eventPattern: JSON.stringify({
        source: pattern.source,
        'detail-type': pattern.detailTypes,
        ...(pattern.detail === undefined ? {} : { detail: pattern.detail }),
      }),
      state: (props.enabled ?? true) ? 'ENABLED' : 'DISABLED',
    });
    const permission = new LambdaPermission(this, 'Invoke', {
      statementId: `AllowInvokeFrom-${part}`,
      action: 'lambda:InvokeFunction',
      functionName: props.function.resource.functionName,
      principal: 'events.amazonaws.com',
      sourceArn: this.resource.arn,
    });
    new CloudwatchEventTarget(this, 'Target', {
      rule: this.resource.name,
      targetId: props.function.name,
      arn: props.function.resource.arn,
      retryPolicy: { maximumRetryAttempts, maximumEventAgeInSeconds: maximumEventAgeSeconds },
      // An event that comes before the permission is lost after its retries.
      dependsOn: [permission],
    });
  }
}
