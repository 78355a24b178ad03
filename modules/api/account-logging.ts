/**
 * Lets API Gateway write to CloudWatch Logs in this account and region: a role, and the account's setting that names it.
 * Without it a REST API's stage with an access log is refused. The setting exists once in an account and region: make one of
 * these there, in the stack that owns it, and none elsewhere; its removal takes the logs of every REST and WebSocket API.
 */
import { ApiGatewayAccount } from '@cdktf/provider-aws/lib/api-gateway-account';
import { IamRole } from '@cdktf/provider-aws/lib/iam-role';
import { IamRolePolicyAttachment } from '@cdktf/provider-aws/lib/iam-role-policy-attachment';
import { Construct } from 'constructs';
import type { Naming } from '../naming/naming';

export interface AccountLoggingProps {
  readonly naming: Naming;
  /** Last part of the role's name. Role names are the account's, so another region needs another. @default 'api-logging' */
  readonly part?: string;
}

export class AccountLogging extends Construct {
  readonly resource: ApiGatewayAccount;

  constructor(scope: Construct, id: string, { naming, part = 'api-logging' }: AccountLoggingProps) {
    super(scope, id);
    const role = new IamRole(this, 'Role', {
      name: naming.name('aws_iam_role', part),
      description: 'Lets API Gateway write the logs of this account',
      // No condition on the account: API Gateway tries the role before it takes it, and AWS documents none for this.
      assumeRolePolicy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'apigateway.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      }),
    });
    const policy = new IamRolePolicyAttachment(this, 'Policy', {
      role: role.name,
      // AWS's own policy for it: the groups are whatever the APIs of the account name.
      policyArn: 'arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs',
    });
    this.resource = new ApiGatewayAccount(this, 'Resource', { cloudwatchRoleArn: role.arn, dependsOn: [policy] });
  }
}
