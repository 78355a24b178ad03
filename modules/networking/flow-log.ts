/** Flow log of a VPC, into CloudWatch. Billed by volume ($0.50 a GB in us-east-1), so it is a choice. */
import { FlowLog as AwsFlowLog } from '@cdktf/provider-aws/lib/flow-log';
import { Construct } from 'constructs';
import { Role } from '../iam/role';
import { LogGroup } from '../logs/log-group';
import type { Naming } from '../naming/naming';

export interface FlowLogProps {
  readonly naming: Naming;
  readonly account: string;
  readonly vpcId: string;
  readonly retentionDays: number;
}

export class FlowLog extends Construct {
  readonly resource: AwsFlowLog;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: FlowLogProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Logs', {
      name: props.naming.name('aws_cloudwatch_log_group', 'flow-log', '/vpc/'),
      retentionDays: props.retentionDays,
    });
    const role = new Role(this, 'Role', {
      naming: props.naming,
      part: 'flow-log',
      service: 'vpc-flow-logs.amazonaws.com',
      account: props.account,
      description: 'Lets the VPC flow log write to its log group',
    });
    role.addToPolicy({
      sid: 'WriteFlowLog',
      actions: ['logs:CreateLogStream', 'logs:DescribeLogGroups', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
      resources: [this.logGroup.arn, `${this.logGroup.arn}:*`],
    });
    this.resource = new AwsFlowLog(this, 'Resource', {
      vpcId: props.vpcId,
      trafficType: 'ALL',
      logDestinationType: 'cloud-watch-logs',
      logDestination: this.logGroup.arn,
      iamRoleArn: role.arn,
      maxAggregationInterval: 600,
      dependsOn: role.policies,
    });
  }
}
