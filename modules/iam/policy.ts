/** IAM policy documents, and what something that can be granted access looks like. */

export interface PolicyStatement {
  readonly sid?: string;
  /** A denial goes before every permission, whoever gives it. @default 'Allow' */
  readonly effect?: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A role, or anything else that can be given permissions. */
export interface Grantee {
  addToPolicy(statement: PolicyStatement): void;
}

/** Renders the JSON text of a policy of these statements. `service:*` is refused: name the actions. */
export function policyDocument(statements: readonly PolicyStatement[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map(({ sid, effect = 'Allow', actions, resources, conditions }) => {
      const wide = actions.filter((action) => action.endsWith(':*') || action === '*');
      if (wide.length > 0) throw new Error(`IAM policy: ${wide.join(', ')} allows everything; name the actions`);
      return {
        ...(sid === undefined ? {} : { Sid: sid }),
        Effect: effect,
        Action: [...actions],
        Resource: [...resources],
        ...(conditions === undefined ? {} : { Condition: conditions }),
      };
    }),
  });
}

/** Who may take a role: one AWS service, for one account's own resources. */
export function servicePrincipalDocument(service: string, sourceAccount: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: 'sts:AssumeRole',
        // Keeps another account's resources from using the service as a deputy.
        Condition: { StringEquals: { 'aws:SourceAccount': sourceAccount } },
      },
    ],
  });
}
