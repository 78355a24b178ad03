/** How true the local cloud is, resource type by resource type: what docs/fidelity.md says. One entry a type, with its reason. */

/** real: the thing itself does the work; emulated: it behaves, within what the note says; recorded: kept and read back, no effect. */
export type Level = 'real' | 'emulated' | 'recorded';

export interface Fidelity {
  readonly level: Level;
  /** API call that makes it, `service:Operation`; the ledger must hold one that succeeded before the page may list the type. */
  readonly call: string;
  readonly note: string;
}

const network = 'Addresses and routes are kept and checked, but no packet passes through them';

export const fidelityTable: Readonly<Record<string, Fidelity>> = {
  aws_acm_certificate: {
    level: 'recorded',
    call: 'acm:RequestCertificate',
    note: 'Issued at once and used for nothing: everything here is plain HTTP',
  },
  aws_acm_certificate_validation: {
    level: 'recorded',
    call: 'acm:DescribeCertificate',
    note: 'No record is looked up; every certificate is valid',
  },
  aws_api_gateway_account: {
    level: 'recorded',
    call: 'apigateway:UpdateAccount',
    note: 'Access logs are written with or without the role',
  },
  aws_api_gateway_authorizer: {
    level: 'emulated',
    call: 'apigateway:CreateAuthorizer',
    note: 'Cognito ID tokens are verified by signature, pool and time; can be tested with test-invoke-authorizer',
  },
  aws_api_gateway_deployment: {
    level: 'emulated',
    call: 'apigateway:CreateDeployment',
    note: 'A stage serves what its deployment captured: routes, authorizers and gateway responses change with the next one only',
  },
  aws_api_gateway_gateway_response: {
    level: 'emulated',
    call: 'apigateway:PutGatewayResponse',
    note: 'Status, headers and body of the errors that the API itself gives',
  },
  aws_api_gateway_integration: {
    level: 'emulated',
    call: 'apigateway:PutIntegration',
    note: 'Function proxies with their time limit, and fixed answers; a header that was sent twice arrives as one',
  },
  aws_api_gateway_integration_response: {
    level: 'emulated',
    call: 'apigateway:PutIntegrationResponse',
    note: 'Status, headers and body of fixed answers',
  },
  aws_api_gateway_method: {
    level: 'emulated',
    call: 'apigateway:PutMethod',
    note: 'Matched and authorized as on AWS; IAM authorization is not checked',
  },
  aws_api_gateway_method_response: {
    level: 'recorded',
    call: 'apigateway:PutMethodResponse',
    note: 'An integration may set headers that are not declared here',
  },
  aws_api_gateway_method_settings: {
    level: 'emulated',
    call: 'apigateway:UpdateStage',
    note: 'Throttling holds; metrics, execution logs and caching are recorded',
  },
  aws_api_gateway_resource: {
    level: 'emulated',
    call: 'apigateway:CreateResource',
    note: 'Paths with parameters and greedy parts are matched as on AWS',
  },
  aws_api_gateway_rest_api: {
    level: 'emulated',
    call: 'apigateway:CreateRestApi',
    note: 'Answers at a port of this machine with the stage in the path; the 10 MB limit holds; no TLS, names of headers arrive in lower case',
  },
  aws_api_gateway_stage: {
    level: 'emulated',
    call: 'apigateway:CreateStage',
    note: 'Serves its deployment and writes its access log; tracing and caching are recorded',
  },
  aws_apigatewayv2_api: {
    level: 'emulated',
    call: 'apigateway:CreateApi',
    note: 'Answers at a port of this machine; routes, CORS, the 10 MB limit and integration time-outs hold; no TLS, no throttling',
  },
  aws_apigatewayv2_integration: {
    level: 'emulated',
    call: 'apigateway:CreateIntegration',
    note: 'A listener ARN through a VPC link reaches that listener; the integration reads back as written',
  },
  aws_apigatewayv2_route: { level: 'emulated', call: 'apigateway:CreateRoute', note: 'Matched as on AWS' },
  aws_apigatewayv2_stage: {
    level: 'emulated',
    call: 'apigateway:CreateStage',
    note: 'The stage serves; access logs, throttling and metrics are only recorded',
  },
  aws_apigatewayv2_vpc_link: {
    level: 'emulated',
    call: 'apigateway:CreateVpcLink',
    note: 'Available at once; requests go to the load balancer directly, past subnets and security groups',
  },
  aws_appautoscaling_policy: {
    level: 'recorded',
    call: 'application-autoscaling:PutScalingPolicy',
    note: 'Nothing measures load, nothing scales',
  },
  aws_appautoscaling_target: {
    level: 'recorded',
    call: 'application-autoscaling:RegisterScalableTarget',
    note: 'Nothing scales by itself; the limits are kept',
  },
  aws_cloudfront_distribution: {
    level: 'emulated',
    call: 'cloudfront:CreateDistribution',
    note: 'Answers at a port of this machine: behaviours, origins, access control, methods, forwarded headers, error pages and streams as on AWS; changes are live at once; nothing is cached, and there is no TLS, no logging and no restriction by country',
  },
  aws_cloudfront_origin_access_control: {
    level: 'emulated',
    call: 'cloudfront:CreateOriginAccessControl',
    note: "The bucket's policy must allow the distribution",
  },
  aws_cloudfront_response_headers_policy: {
    level: 'emulated',
    call: 'cloudfront:CreateResponseHeadersPolicy',
    note: 'Its headers are set',
  },
  aws_cloudwatch_log_group: {
    level: 'emulated',
    call: 'logs:CreateLogGroup',
    note: 'Functions and containers with the awslogs driver write to it and queries work; retention removes nothing, but a stream keeps its last 20 000 lines only',
  },
  aws_cognito_user_group: {
    level: 'emulated',
    call: 'cognito-idp:CreateGroup',
    note: 'Groups stand in the tokens; their roles mean nothing',
  },
  aws_cognito_user_pool: {
    level: 'emulated',
    call: 'cognito-idp:CreateUserPool',
    note: 'Sign-in, challenges, the password rule, groups and signed tokens with published keys work; no message is sent, and nothing protects against guessing',
  },
  aws_cognito_user_pool_client: {
    level: 'emulated',
    call: 'cognito-idp:CreateUserPoolClient',
    note: 'Its sign-in flows and the lives of its tokens hold',
  },
  aws_cognito_user_pool_domain: {
    level: 'recorded',
    call: 'cognito-idp:CreateUserPoolDomain',
    note: 'The name does not resolve; the hosted pages are not used here',
  },
  aws_default_security_group: { level: 'recorded', call: 'ec2:DescribeSecurityGroups', note: `${network}` },
  aws_dynamodb_table: {
    level: 'emulated',
    call: 'dynamodb:CreateTable',
    note: 'Items, indexes, conditions, transactions and expiry (within about a minute) work; capacity, encryption and backups are recorded',
  },
  aws_ecr_lifecycle_policy: {
    level: 'recorded',
    call: 'ecr:PutLifecyclePolicy',
    note: 'No image is ever removed by it',
  },
  aws_ecr_repository: {
    level: 'emulated',
    call: 'ecr:CreateRepository',
    note: 'A registry that is pushed to and pulled from by digest; the scan on push finds nothing',
  },
  aws_ecs_cluster: { level: 'emulated', call: 'ecs:CreateCluster', note: 'Container Insights is recorded only' },
  aws_ecs_service: {
    level: 'emulated',
    call: 'ecs:CreateService',
    note: 'Keeps its tasks, rolls out and rolls back by real health; health intervals are cut to 5 s and the grace period to 15 s so that a rehearsal need not wait; zones and placement mean nothing',
  },
  aws_ecs_task_definition: {
    level: 'real',
    call: 'ecs:RegisterTaskDefinition',
    note: 'Each container is a real one with its image, check, variables, memory limit and time to stop; CPU shares are not enforced, containers of one task do not share a network, and the task role grants everything',
  },
  aws_eip: { level: 'recorded', call: 'ec2:AllocateAddress', note: network },
  aws_flow_log: { level: 'recorded', call: 'ec2:CreateFlowLogs', note: 'No flow is ever logged' },
  aws_iam_policy: { level: 'recorded', call: 'iam:CreatePolicy', note: 'Not enforced: every call is allowed' },
  aws_iam_role: { level: 'recorded', call: 'iam:CreateRole', note: 'Not enforced: every call is allowed' },
  aws_iam_role_policy: { level: 'recorded', call: 'iam:PutRolePolicy', note: 'Not enforced: every call is allowed' },
  aws_iam_role_policy_attachment: {
    level: 'recorded',
    call: 'iam:AttachRolePolicy',
    note: 'Not enforced: every call is allowed',
  },
  aws_instance: { level: 'recorded', call: 'ec2:RunInstances', note: 'No machine starts' },
  aws_internet_gateway: { level: 'recorded', call: 'ec2:CreateInternetGateway', note: network },
  aws_lambda_function: {
    level: 'real',
    call: 'lambda:CreateFunction',
    note: "An image runs in containers of its own, one call each at a time, with its variables, memory limit, time limit, read-only files and log; after five minutes without a call they end; CPU shares and a VPC mean nothing, the role grants everything, and where the base image cannot be pulled its runtime is a stand-in on this machine's Node.js",
  },
  aws_lambda_function_event_invoke_config: {
    level: 'emulated',
    call: 'lambda:PutFunctionEventInvokeConfig',
    note: 'The number of retries holds, seconds apart and not minutes; an event that waits is lost when the local cloud is stopped',
  },
  aws_lambda_permission: {
    level: 'recorded',
    call: 'lambda:AddPermission',
    note: 'Not enforced: every call is allowed',
  },
  aws_lb: {
    level: 'emulated',
    call: 'elasticloadbalancing:CreateLoadBalancer',
    note: 'Forwards to healthy targets and drains those that leave; a public one answers at a port of this machine; security groups do not filter, idle connections are kept up to 4000 s',
  },
  aws_lb_listener: {
    level: 'emulated',
    call: 'elasticloadbalancing:CreateListener',
    note: 'Rules, redirects and fixed answers work; no TLS: the port of a public load balancer with an HTTPS listener leads to that listener',
  },
  aws_lb_target_group: {
    level: 'emulated',
    call: 'elasticloadbalancing:CreateTargetGroup',
    note: 'Targets are really probed, at most 5 s apart; one good answer makes a new target healthy',
  },
  aws_nat_gateway: {
    level: 'recorded',
    call: 'ec2:CreateNatGateway',
    note: `${network}; containers reach out through this machine`,
  },
  aws_route: { level: 'recorded', call: 'ec2:CreateRoute', note: network },
  aws_route53_record: { level: 'recorded', call: 'route53:ChangeResourceRecordSets', note: 'Answers no DNS question' },
  aws_route53_zone: { level: 'recorded', call: 'route53:CreateHostedZone', note: 'Answers no DNS question' },
  aws_route_table: { level: 'recorded', call: 'ec2:CreateRouteTable', note: network },
  aws_route_table_association: { level: 'recorded', call: 'ec2:AssociateRouteTable', note: network },
  aws_s3_bucket: {
    level: 'emulated',
    call: 's3:CreateBucket',
    note: 'Objects, versions, conditional writes and tags work; encryption is recorded',
  },
  aws_s3_bucket_cors_configuration: { level: 'recorded', call: 's3:PutBucketCors', note: 'Every origin is allowed' },
  aws_s3_bucket_lifecycle_configuration: {
    level: 'recorded',
    call: 's3:PutBucketLifecycleConfiguration',
    note: 'No object ever expires',
  },
  aws_s3_bucket_ownership_controls: { level: 'recorded', call: 's3:PutBucketOwnershipControls', note: 'Not enforced' },
  aws_s3_bucket_policy: {
    level: 'emulated',
    call: 's3:PutBucketPolicy',
    note: 'Decides what a distribution may read; nobody else is held to it',
  },
  aws_s3_bucket_public_access_block: { level: 'recorded', call: 's3:PutPublicAccessBlock', note: 'Not enforced' },
  aws_s3_bucket_server_side_encryption_configuration: {
    level: 'recorded',
    call: 's3:PutBucketEncryption',
    note: 'Objects lie in plain files',
  },
  aws_s3_bucket_versioning: {
    level: 'emulated',
    call: 's3:PutBucketVersioning',
    note: 'Versions and delete markers are kept',
  },
  aws_secretsmanager_secret: {
    level: 'emulated',
    call: 'secretsmanager:CreateSecret',
    note: 'Versions and deletion work; values lie in plain files, no rotation',
  },
  aws_security_group: { level: 'recorded', call: 'ec2:CreateSecurityGroup', note: 'Filters nothing' },
  aws_ssm_parameter: { level: 'emulated', call: 'ssm:PutParameter', note: 'Values and versions are kept' },
  aws_subnet: {
    level: 'recorded',
    call: 'ec2:CreateSubnet',
    note: `${network}; containers are in the engine's own network`,
  },
  aws_vpc: { level: 'recorded', call: 'ec2:CreateVpc', note: network },
  aws_vpc_endpoint: { level: 'recorded', call: 'ec2:CreateVpcEndpoint', note: network },
  aws_vpc_security_group_egress_rule: {
    level: 'recorded',
    call: 'ec2:AuthorizeSecurityGroupEgress',
    note: 'Filters nothing',
  },
  aws_vpc_security_group_ingress_rule: {
    level: 'recorded',
    call: 'ec2:AuthorizeSecurityGroupIngress',
    note: 'Filters nothing',
  },
};

/** What holds whatever the resource type is. */
export const generalNotes: readonly string[] = [
  'The Terraform engine, the AWS provider, the state back end with its lock, images, containers and their health are real; AWS itself is MiniStack with mends of ours.',
  "IAM decides nothing here. The ledger records which actions each caller used, in IAM's spelling.",
  'Containers get the keys of the whole account, not those of a task role.',
  "Bedrock answers are the emulator's, or those of an OpenAI-compatible server named by SLUICE_BEDROCK_PROXY_URL.",
  'Everything is plain HTTP on 127.0.0.1; there is no certificate, no DNS, no latency of a real network, no quota and no bill.',
];
