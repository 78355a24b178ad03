/** AWS clients, each made once per function. Credentials, region and endpoint come from the environment. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** Of one try; the shortest of our functions has 10 seconds. */
export const clientTimes = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };

export const createTableClient = (settings: object = {}): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 3, requestHandler: clientTimes, ...settings }), {
    marshallOptions: { removeUndefinedValues: true },
  });

export function createBucketClient(settings: object = {}): S3Client {
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  return new S3Client({
    // A given endpoint has no DNS name for each bucket.
    forcePathStyle: endpoint !== undefined && endpoint !== '',
    maxAttempts: 3,
    requestHandler: { ...clientTimes, requestTimeout: 10_000 },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...settings,
  });
}
