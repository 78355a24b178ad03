/** A role that one AWS service takes. Owners of resources grant to it; it holds one inline policy with all grants. */
import { IamRole } from '@cdktf/provider-aws/lib/iam-role';
import { IamRolePolicy } from '@cdktf/provider-aws/lib/iam-role-policy';
import { IamRolePolicyAttachment } from '@cdktf/provider-aws/lib/iam-role-policy-attachment';
import { Lazy, type ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { check, matches } from '../checks/checks';
import type { Naming } from '../naming/naming';
import { policyDocument, servicePrincipalDocument, type Grantee, type PolicyStatement } from './policy';

export interface RoleProps {
  readonly naming: Naming;
  /** Last part of the name. */
  readonly part: string;
  /** The service that takes the role, such as `ecs-tasks.amazonaws.com`. */
  readonly service: string;
  /** The account whose resources the service may act for. */
  readonly account: string;
  readonly description: string;
}

export class Role extends Construct implements Grantee {
  readonly resource: IamRole;
  /** What must exist before the role can do its work; for `dependsOn` of what uses it. */
  readonly policies: ITerraformDependable[] = [];
  readonly #statements: PolicyStatement[] = [];
  readonly #props: RoleProps;

  constructor(scope: Construct, id: string, props: RoleProps) {
    super(scope, id);
    check(this, 'iam.Role', [
      matches(
        'service',
        props.service,
        /^[a-z0-9.-]+\.amazonaws\.com$/,
        'a service principal ending in .amazonaws.com',
      ),
      matches('account', props.account, /^\d{12}$/, '12 digits'),
    ]);
    this.#props = props;
    this.resource = new IamRole(this, 'Resource', {
      name: props.naming.name('aws_iam_role', props.part),
      description: props.description,
      assumeRolePolicy: servicePrincipalDocument(props.service, props.account),
    });
  }

  get arn(): string {
    return this.resource.arn;
  }

  addToPolicy(statement: PolicyStatement): void {
    if (this.#statements.length === 0) {
      this.policies.push(
        new IamRolePolicy(this, 'Policy', {
          name: this.#props.naming.name('aws_iam_role_policy', this.#props.part),
          role: this.resource.id,
          policy: Lazy.stringValue({ produce: () => policyDocument(this.#statements) }),
        }),
      );
    }
    this.#statements.push(statement);
  }

  attach(id: string, policyArn: string): void {
    this.policies.push(new IamRolePolicyAttachment(this, id, { role: this.resource.name, policyArn }));
  }
}
