/**
 * A path in Secrets Manager and the policy that opens it. The secrets below it are made at run time by the service, so
 * that no secret ever stands in code or state.
 */
import { IamPolicy } from '@cdktf/provider-aws/lib/iam-policy';
import { Construct } from 'constructs';
import { check, matches } from '../checks/checks';
import { policyDocument } from '../iam/policy';
import type { Naming } from '../naming/naming';

export interface SecretPathProps {
  readonly naming: Naming;
  /** Last part of the path and of the policy's name. */
  readonly part: string;
  readonly region: string;
  readonly account: string;
}

/** No DeleteSecret: a deleted name stays blocked for days, so removing is overwriting. */
export const secretActions = ['GetSecretValue', 'CreateSecret', 'UpdateSecret'] as const;

export class SecretPath extends Construct {
  readonly policy: IamPolicy;
  /** Without a slash at its end. */
  readonly prefix: string;

  constructor(scope: Construct, id: string, props: SecretPathProps) {
    super(scope, id);
    check(this, 'secrets.SecretPath', [
      matches('part', props.part, /^[A-Za-z0-9_+=.@-]+$/, 'letters, digits and _ + = . @ -'),
      matches('account', props.account, /^\d{12}$/, '12 digits'),
    ]);
    this.prefix = props.naming.path(props.part);
    this.policy = new IamPolicy(this, 'Resource', {
      name: props.naming.name('aws_iam_policy', `${props.part}-secrets`),
      description: `Read, create and update the secrets below ${this.prefix}`,
      policy: policyDocument([
        {
          sid: 'SecretsBelowPath',
          actions: secretActions.map((action) => `secretsmanager:${action}`),
          resources: [`arn:aws:secretsmanager:${props.region}:${props.account}:secret:${this.prefix}/*`],
        },
        // AWS has no finer scope for listing; it returns names, never values.
        { sid: 'ListNames', actions: ['secretsmanager:ListSecrets'], resources: ['*'] },
      ]),
    });
  }

  get policyArn(): string {
    return this.policy.arn;
  }
}
