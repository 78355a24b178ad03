/**
 * A secret whose value stands in no code, no plan and no state. The stack makes the name and says who may read it; the
 * value is put in through the API by an operator's command, or is written by the stack through a write-only argument.
 */
import { SecretsmanagerSecret } from '@cdktf/provider-aws/lib/secretsmanager-secret';
import { SecretsmanagerSecretVersion } from '@cdktf/provider-aws/lib/secretsmanager-secret-version';
import { Construct } from 'constructs';
import { check, inRange, matches, unless } from '../checks/checks';
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
  /** The value, made of ephemeral references: the engine forgets it once it is written. @default - an operator puts it in */
  readonly writeOnlyValue?: string;
  /** The engine cannot compare what it forgot: it writes the value anew when this number changes. @default 1 */
  readonly valueVersion?: number;
  /** Addresses of attributes; when one changes, the value is written anew too. @default - none */
  readonly rewriteWith?: readonly string[];
}

export class Secret extends Construct {
  readonly resource: SecretsmanagerSecret;
  /** A plain string, not a token. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: SecretProps) {
    super(scope, id);
    const { recoveryWindowDays = 30, deletionProtection = false, writeOnlyValue, valueVersion, rewriteWith } = props;
    const hasValue = writeOnlyValue !== undefined;
    check(this, 'secrets.Secret', [
      matches('part', props.part, /^[A-Za-z0-9_+=.@/-]{1,256}$/, 'letters, digits and _ + = . @ / -'),
      unless(
        recoveryWindowDays !== 0 &&
          !(Number.isInteger(recoveryWindowDays) && recoveryWindowDays >= 7 && recoveryWindowDays <= 30),
        `recoveryWindowDays is ${recoveryWindowDays}; allowed: 0, or a whole number from 7 to 30 days`,
      ),
      inRange('valueVersion', valueVersion, 1, Number.MAX_SAFE_INTEGER),
      unless(!hasValue && valueVersion !== undefined, 'valueVersion is given; allowed with writeOnlyValue only'),
      unless(!hasValue && rewriteWith !== undefined, 'rewriteWith is given; allowed with writeOnlyValue only'),
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
      reason: hasValue
        ? 'the value is generated; raising its version in the configuration makes another one, here and where it is used'
        : 'the key is given out by another company, which has no interface to rotate it; people do, by the seed command',
      owner: 'platform',
    });
    if (!hasValue) return;
    new SecretsmanagerSecretVersion(this, 'Value', {
      secretId: this.resource.id,
      secretStringWo: writeOnlyValue,
      secretStringWoVersion: valueVersion ?? 1,
      lifecycle: rewriteWith === undefined ? undefined : { replaceTriggeredBy: [...rewriteWith] },
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
