/** AWS clients on a sandbox's local cloud, for looking behind what the commands say. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const accounts = { dev: '111111111111', staging: '222222222222', prod: '333333333333' } as const;

export function clientsOf(port: number, environment: keyof typeof accounts) {
  const offset = Object.keys(accounts).indexOf(environment) + 1;
  const settings = {
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port + offset}`,
    credentials: { accessKeyId: accounts[environment], secretAccessKey: 'test' },
  };
  return {
    dynamo: DynamoDBDocumentClient.from(new DynamoDBClient(settings)),
    ecs: new ECSClient(settings),
    balancing: new ElasticLoadBalancingV2Client(settings),
    secrets: new SecretsManagerClient(settings),
    s3: new S3Client({ ...settings, forcePathStyle: true }),
  };
}
