/**
 * Import ids from what is known after a killed apply: the ids that the journal and the state name, and the configuration.
 * Forms are those of the "Import" section of each type in the provider's documentation.
 */

/** Terraform JSON as far as it is read here. */
export interface TerraformJson {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

export interface KnownIds {
  readonly config: TerraformJson;
  /** `id` attribute by address. */
  readonly ids: ReadonlyMap<string, string>;
}

/** Reads an attribute of the resource: a literal, or a reference that can be followed. Throws `Unknown` when it cannot. */
type Read = (attribute: string) => string;

class Unknown extends Error {}

const lastPart = (arn: string): string => arn.split('/').at(-1) ?? arn;

/** Types whose import id is not their `id`. */
const FORMS: Readonly<Record<string, (read: Read) => string>> = {
  aws_api_gateway_deployment: (read) => `${read('rest_api_id')}/${read('id')}`,
  aws_api_gateway_method_settings: (read) => [read('rest_api_id'), read('stage_name'), read('method_path')].join('/'),
  aws_api_gateway_stage: (read) => `${read('rest_api_id')}/${read('stage_name')}`,
  aws_apigatewayv2_integration: (read) => `${read('api_id')}/${read('id')}`,
  aws_apigatewayv2_route: (read) => `${read('api_id')}/${read('id')}`,
  aws_apigatewayv2_stage: (read) => `${read('api_id')}/${read('name')}`,
  aws_appautoscaling_policy: (read) =>
    [read('service_namespace'), read('resource_id'), read('scalable_dimension'), read('name')].join('/'),
  aws_appautoscaling_target: (read) =>
    [read('service_namespace'), read('resource_id'), read('scalable_dimension')].join('/'),
  aws_cloudwatch_log_group: (read) => read('name'),
  aws_cognito_user_group: (read) => `${read('user_pool_id')}/${read('name')}`,
  aws_cognito_user_pool_client: (read) => `${read('user_pool_id')}/${read('id')}`,
  aws_cognito_user_pool_domain: (read) => read('domain'),
  aws_dynamodb_table: (read) => read('name'),
  aws_ecr_lifecycle_policy: (read) => read('repository'),
  aws_ecr_repository: (read) => read('name'),
  aws_ecs_cluster: (read) => read('name'),
  aws_ecs_service: (read) => `${lastPart(read('cluster'))}/${read('name')}`,
  aws_iam_instance_profile: (read) => read('name'),
  aws_iam_role: (read) => read('name'),
  aws_iam_role_policy: (read) => `${read('role')}:${read('name')}`,
  aws_iam_role_policy_attachment: (read) => `${read('role')}/${read('policy_arn')}`,
  aws_lambda_function: (read) => read('function_name'),
  aws_lambda_function_event_invoke_config: (read) => read('function_name'),
  aws_lambda_permission: (read) => `${read('function_name')}/${read('statement_id')}`,
  aws_route: (read) => `${read('route_table_id')}_${read('destination_cidr_block')}`,
  aws_route_table_association: (read) => `${read('subnet_id')}/${read('route_table_id')}`,
  aws_s3_bucket: (read) => read('bucket'),
  aws_s3_bucket_cors_configuration: (read) => read('bucket'),
  aws_s3_bucket_lifecycle_configuration: (read) => read('bucket'),
  aws_s3_bucket_policy: (read) => read('bucket'),
  aws_s3_bucket_public_access_block: (read) => read('bucket'),
  aws_s3_bucket_server_side_encryption_configuration: (read) => read('bucket'),
  aws_s3_bucket_versioning: (read) => read('bucket'),
  aws_ssm_parameter: (read) => read('name'),
};

/** A lost task definition costs nothing and serves nobody: the next apply registers a new revision. */
const NOT_IMPORTED = new Set(['aws_ecs_task_definition']);

/** Undefined when what is known does not suffice, as for a VPC whose creation was not yet answered. */
export function importId(address: string, known: KnownIds): string | undefined {
  const type = address.split('.')[0] ?? '';
  if (NOT_IMPORTED.has(type)) return undefined;
  const read = reader(address, known, 0);
  try {
    return (FORMS[type] ?? ((readOf: Read) => readOf('id')))(read);
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

function reader(address: string, known: KnownIds, depth: number): Read {
  const [type = '', name = ''] = address.split('.');
  const config = known.config.resource?.[type]?.[name];
  const id = known.ids.get(address);
  return (attribute) => {
    if (depth > 8) throw new Unknown(address);
    const literal = config?.[attribute];
    if (typeof literal === 'string' || typeof literal === 'number') {
      return String(literal).replaceAll(/\$\{([\w-]+\.[\w-]+)\.([\w-]+)\}/g, (_whole, other: string, wanted: string) =>
        reader(other, known, depth + 1)(wanted),
      );
    }
    if (id !== undefined && (attribute === 'id' || (attribute === 'arn' && id.startsWith('arn:')))) return id;
    if (id !== undefined && attribute === 'name' && !id.startsWith('arn:')) return id;
    throw new Unknown(`${address}.${attribute}`);
  };
}
