/** A CloudWatch log group with an end: logs that are kept for ever are the bill nobody looks at. */
import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group';
import { Construct } from 'constructs';
import { check, matches, oneOf } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Grantee } from '../iam/policy';

/** Retention periods that CloudWatch Logs accepts, in days. */
export const retentionPeriods = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

export interface LogGroupProps {
  /** Whole name, from the naming table. */
  readonly name: string;
  /** One of the periods that CloudWatch Logs accepts. */
  readonly retentionDays: number;
}

export class LogGroup extends Construct {
  readonly resource: CloudwatchLogGroup;

  constructor(scope: Construct, id: string, props: LogGroupProps) {
    super(scope, id);
    check(this, 'logs.LogGroup', [
      matches('name', props.name, /^[A-Za-z0-9_./#-]{1,512}$/, 'letters, digits and _ . / # -, up to 512'),
      oneOf<number>('retentionDays', props.retentionDays, retentionPeriods),
    ]);
    this.resource = new CloudwatchLogGroup(this, 'Resource', {
      name: props.name,
      retentionInDays: props.retentionDays,
    });
    skipChecks(this.resource, ['CKV_AWS_158'], {
      reason:
        'CloudWatch encrypts logs with its own key; they hold no secret and no message text, a key of ours costs $1 a month each',
      owner: 'platform',
    });
    if (props.retentionDays < 365) {
      skipChecks(this.resource, ['CKV_AWS_338'], {
        reason: 'retention is a value of the environment; only production keeps logs for a year',
        owner: 'platform',
      });
    }
  }

  get name(): string {
    return this.resource.name;
  }

  get arn(): string {
    return this.resource.arn;
  }

  /** Write to this group. `createGroup` is for writers that make sure of the group themselves. */
  grantWrite(grantee: Grantee, options: { readonly createGroup?: boolean } = {}): void {
    grantee.addToPolicy({
      sid: 'WriteLogs',
      actions: [
        ...(options.createGroup === true ? ['logs:CreateLogGroup'] : []),
        'logs:CreateLogStream',
        'logs:PutLogEvents',
      ],
      resources: [this.resource.arn, `${this.resource.arn}:*`],
    });
  }
}
