/** What a construct that calls functions must know of one, however its code is packed. */
import type { LambdaFunction } from '@cdktf/provider-aws/lib/lambda-function';
import type { Construct } from 'constructs';
import type { Grantee } from '../iam/policy';

export interface InvocableFunction extends Construct {
  readonly resource: LambdaFunction;
  /** A plain string, not a token. */
  readonly name: string;
  /** A plain string, not a token. */
  readonly arn: string;
  grantInvoke(grantee: Grantee): void;
}
