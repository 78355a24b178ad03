/**
 * A secret without a value. The stack makes the name and says who may read it; the value is put in through the API by an
 * operator's command, so that it stands in no code, no plan and no state.
 */
import { SecretsmanagerSecret } from '@cdktf/provider-aws/lib/secretsmanager-secret';
import { Construct } from 'constructs';
import { check, matches, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Grantee } from '../iam/policy';
import type { Naming } from '../naming/naming';

export interface SecretProps {
  readonly naming: Naming;
  /** Last part of the name, which is `{project}/{environment}/{part}`. */
  readonly part: string;
  /** What it is and who gives it out. */
  readonly description: string;
  /**
   * Days in which a deleted secret can be had back, 7 to 30, while its name stays taken; 0 deletes at once and frees the
   * name, so that the same stack can be made again. @default 30
   */
  readonly recoveryWindowDays?: number;
  /** Refuses deletion in Terraform. @default false */
  readonly deletionProtection?: boolean;
}

export class Secret extends Construct {
  readonly resource: SecretsmanagerSecret;
  /** A plain string, not a token. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: SecretProps) {
    super(scope, id);
    const { recoveryWindowDays = 30, deletionProtection = false } = props;
    check(this, 'secrets.Secret', [
      matches('part', props.part, /^[A-Za-z0-9_+=.@/-]{1,256}$/, 'letters, digits and _ + = . @ / -'),
      unless(
        recoveryWindowDays !== 0 &&
          !(Number.isInteger(recoveryWindowDays) && recoveryWindowDays >= 7 && recoveryWindowDays <= 30),
        `recoveryWindowDays is ${recoveryWindowDays}; allowed: 0, or a whole number from 7 to 30 days`,
      ),
    ]);
    this.name = props.naming.path(props.part).slice(1);
    this.resource = new SecretsmanagerSecret(this, 'Resource', {
      name: this.name,
      description: props.description,
      recoveryWindowInDays: recoveryWindowDays,
      lifecycle: deletionProtection ? { preventDestroy: true } : undefined,
    });
    skipChecks(this.resource, ['CKV_AWS_149'], {
      reason:
        "Secrets Manager encrypts with the account's managed key; a key of ours adds $1 a month and a way to lose it",
      owner: 'platform',
    });
    skipChecks(this.resource, ['CKV2_AWS_57'], {
      reason:
        'the key is given out by another company, which has no interface to rotate it; people do, by the seed command',
      owner: 'platform',
    });
  }

  get arn(): string {
    return this.resource.arn;
  }

  /** Read the value. */
  grantRead(grantee: Grantee): void {
    grantee.addToPolicy({
      sid: `Read${this.node.id.replace(/[^A-Za-z0-9]/g, '')}`,
      actions: ['secretsmanager:GetSecretValue'],
      resources: [this.arn],
    });
  }
}
