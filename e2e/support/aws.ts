/** AWS clients on a sandbox's local cloud, for looking behind what the commands say. */
import { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const accounts = { dev: '111111111111', staging: '222222222222', prod: '333333333333' } as const;

export function clientsOf(port: number, environment: keyof typeof accounts, region = 'us-east-1') {
  const offset = Object.keys(accounts).indexOf(environment) + 1;
  const settings = {
    region,
    endpoint: `http://127.0.0.1:${port + offset}`,
    credentials: { accessKeyId: accounts[environment], secretAccessKey: 'test' },
  };
  return {
    dynamo: DynamoDBDocumentClient.from(new DynamoDBClient(settings)),
    ecs: new ECSClient(settings),
    balancing: new ElasticLoadBalancingV2Client(settings),
    cloudfront: new CloudFrontClient(settings),
    cognito: new CognitoIdentityProviderClient(settings),
    lambda: new LambdaClient(settings),
    logs: new CloudWatchLogsClient(settings),
    secrets: new SecretsManagerClient(settings),
    s3: new S3Client({ ...settings, forcePathStyle: true }),
  };
}
