/** Types that hold data: their addresses are pinned by tests, and protected environments refuse to lose them. */
export const statefulTypes: ReadonlySet<string> = new Set([
  'aws_cognito_user_pool',
  'aws_db_instance',
  'aws_dynamodb_table',
  'aws_ecr_repository',
  'aws_efs_file_system',
  'aws_kms_key',
  'aws_rds_cluster',
  'aws_s3_bucket',
  'aws_secretsmanager_secret',
  'aws_sqs_queue',
]);
