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
  aws_cloudwatch_log_group: {
    level: 'emulated',
    call: 'logs:CreateLogGroup',
    note: 'Containers with the awslogs driver write to it and queries work; retention removes nothing',
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
  aws_lb: {
    level: 'emulated',
    call: 'elasticloadbalancing:CreateLoadBalancer',
    note: 'Forwards to healthy targets and drains those that leave; a public one answers at a port of this machine; security groups do not filter',
  },
  aws_lb_listener: {
    level: 'emulated',
    call: 'elasticloadbalancing:CreateListener',
    note: 'Rules, redirects and fixed answers work; no TLS',
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
  aws_route_table: { level: 'recorded', call: 'ec2:CreateRouteTable', note: network },
  aws_route_table_association: { level: 'recorded', call: 'ec2:AssociateRouteTable', note: network },
  aws_s3_bucket: {
    level: 'emulated',
    call: 's3:CreateBucket',
    note: 'Objects, versions, conditional writes and tags work; encryption is recorded',
  },
  aws_s3_bucket_lifecycle_configuration: {
    level: 'recorded',
    call: 's3:PutBucketLifecycleConfiguration',
    note: 'No object ever expires',
  },
  aws_s3_bucket_policy: { level: 'recorded', call: 's3:PutBucketPolicy', note: 'Not enforced' },
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
