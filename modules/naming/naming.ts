/** Names of resources: project, environment and part, in one order a system, within what AWS allows for each type. */
import { createHash } from 'node:crypto';

interface NameRule {
  readonly maxLength: number;
  readonly minLength?: number;
  readonly allowed: RegExp;
}

const words = /^[A-Za-z0-9-]+$/;
const wordsAndUnderscore = /^[A-Za-z0-9_-]+$/;
const lowerWords = /^[a-z0-9-]+$/;
const iamName = /^[A-Za-z0-9+=,.@_-]+$/;
const path = /^[A-Za-z0-9_./#-]+$/;

/** What AWS allows, from each service's API reference. A type that is missing here has no name yet: add it. */
const rules = {
  aws_api_gateway_rest_api: { maxLength: 128, allowed: words },
  aws_apigatewayv2_api: { maxLength: 128, allowed: words },
  aws_apigatewayv2_authorizer: { maxLength: 128, allowed: words },
  aws_apigatewayv2_vpc_link: { maxLength: 128, allowed: words },
  aws_appautoscaling_policy: { maxLength: 255, allowed: wordsAndUnderscore },
  aws_cloudfront_origin_access_control: { maxLength: 64, allowed: /^[A-Za-z0-9_.@:+=-]+$/ },
  aws_cloudfront_response_headers_policy: { maxLength: 128, allowed: wordsAndUnderscore },
  aws_cloudwatch_event_rule: { maxLength: 64, allowed: /^[A-Za-z0-9._-]+$/ },
  aws_cloudwatch_log_group: { maxLength: 512, allowed: path },
  aws_cognito_user_pool: { maxLength: 128, allowed: /^[A-Za-z0-9 +=,.@_-]+$/ },
  /** Global, and part of a host name; Cognito keeps three words for itself. */
  aws_cognito_user_pool_domain: { maxLength: 63, allowed: /^(?!.*(aws|amazon|cognito))[a-z0-9]([a-z0-9-]*[a-z0-9])?$/ },
  aws_cognito_user_pool_client: { maxLength: 128, allowed: /^[A-Za-z0-9 +=,.@_-]+$/ },
  aws_db_subnet_group: { maxLength: 255, allowed: /^(?!default$)[a-z0-9._ -]+$/ },
  aws_dynamodb_table: { minLength: 3, maxLength: 255, allowed: /^[A-Za-z0-9_.-]+$/ },
  aws_ecr_repository: { minLength: 2, maxLength: 256, allowed: /^[a-z0-9][a-z0-9._/-]*$/ },
  aws_ecs_cluster: { maxLength: 255, allowed: wordsAndUnderscore },
  aws_ecs_service: { maxLength: 255, allowed: wordsAndUnderscore },
  aws_ecs_task_definition: { maxLength: 255, allowed: wordsAndUnderscore },
  aws_iam_policy: { maxLength: 128, allowed: iamName },
  aws_iam_role: { maxLength: 64, allowed: iamName },
  aws_iam_role_policy: { maxLength: 128, allowed: iamName },
  aws_lambda_function: { maxLength: 64, allowed: wordsAndUnderscore },
  aws_lb: { maxLength: 32, allowed: words },
  aws_lb_target_group: { maxLength: 32, allowed: words },
  /** In lower case, as RDS reads it back. */
  aws_rds_cluster: { maxLength: 63, allowed: /^[a-z](-?[a-z0-9])*$/ },
  aws_rds_cluster_instance: { maxLength: 63, allowed: /^[a-z](-?[a-z0-9])*$/ },
  aws_security_group: { maxLength: 255, allowed: /^(?!sg-)[A-Za-z0-9 ._:/()#,@[\]+=&;{}!$*-]+$/ },
  aws_sfn_state_machine: { maxLength: 80, allowed: wordsAndUnderscore },
  aws_ssm_parameter: { maxLength: 1011, allowed: /^[A-Za-z0-9_./-]+$/ },
  aws_s3_bucket: { minLength: 3, maxLength: 63, allowed: lowerWords },
  /** Things whose name is only a tag. */
  tag: { maxLength: 256, allowed: /^[A-Za-z0-9 _.:/=+@-]+$/ },
} as const satisfies Record<string, NameRule>;

export type NamedType = keyof typeof rules;

export interface NamingProps {
  readonly project: string;
  readonly environment: string;
  /** Where the environment stands: `{project}-{environment}-{part}` or `{project}-{part}-{environment}`. @default 'middle' */
  readonly environmentAt?: 'middle' | 'end';
}

export class Naming {
  readonly project: string;
  readonly environment: string;
  readonly #environmentAt: 'middle' | 'end';

  constructor({ project, environment, environmentAt = 'middle' }: NamingProps) {
    this.project = project;
    this.environment = environment;
    this.#environmentAt = environmentAt;
  }

  /** `{prefix}{project}-{environment}-{part}`, or with the environment at the end; no part gives `{project}-{environment}`. */
  name(type: NamedType, part: string, prefix = ''): string {
    const parts = this.#environmentAt === 'end' ? [part, this.environment] : [this.environment, part];
    return fit(type, `${prefix}${[this.project, ...parts].filter((each) => each !== '').join('-')}`);
  }

  /** A path such as `/{project}/{environment}/tenants`. */
  path(...parts: readonly string[]): string {
    return ['', this.project, this.environment, ...parts].join('/');
  }
}

/** Shortens what is too long with a hash of the whole name, so that two long names stay two; refuses what AWS would. */
export function fit(type: NamedType, name: string): string {
  const rule: NameRule | undefined = (rules as Readonly<Record<string, NameRule>>)[type];
  if (rule === undefined) throw new Error(`naming: no rule for type ${type}; add it to modules/naming/naming.ts`);
  const problems = [
    ...(name.length < (rule.minLength ?? 1)
      ? [`has ${name.length} characters, at least ${rule.minLength ?? 1} needed`]
      : []),
    ...(rule.allowed.test(name) ? [] : [`holds characters outside ${rule.allowed.source}`]),
  ];
  if (problems.length > 0) throw new Error(`naming: ${type} "${name}" ${problems.join(' and ')}`);
  if (name.length <= rule.maxLength) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, rule.maxLength - hash.length - 1).replace(/[-_./]+$/, '')}-${hash}`;
}
