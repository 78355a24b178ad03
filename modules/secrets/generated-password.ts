/**
 * A password that Secrets Manager makes up anew at every run of the engine and that nothing keeps: no plan, no state. Only
 * write-only arguments may take it, and they take it when their version changes; within one run all get the same one.
 */
import { Token, TerraformStack, ref } from 'cdktf';
import { Construct } from 'constructs';
import { check, inRange } from '../checks/checks';

export interface GeneratedPasswordProps {
  /** Letters of both cases and digits: what every database and connection string takes. @default 40 */
  readonly length?: number;
}

const TYPE = 'aws_secretsmanager_random_password';

export class GeneratedPassword extends Construct {
  /** An ephemeral reference. */
  readonly value: string;

  constructor(scope: Construct, id: string, { length = 40 }: GeneratedPasswordProps = {}) {
    super(scope, id);
    check(this, 'secrets.GeneratedPassword', [inRange('length', length, 16, 4096, 'characters')]);
    const stack = TerraformStack.of(this);
    const name = stack.getLogicalId(this.node);
    // The bindings have no class for ephemeral resources.
    stack.addOverride(`ephemeral.${TYPE}.${name}`, {
      password_length: length,
      exclude_punctuation: true,
      require_each_included_type: true,
    });
    this.value = Token.asString(ref(`ephemeral.${TYPE}.${name}.random_password`, stack));
  }
}
