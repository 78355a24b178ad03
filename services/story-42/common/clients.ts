/** AWS clients of the functions, each made once. Credentials, region and endpoint come from the environment. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** Of one try. */
const TIMES = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

export const createTableClient = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 3, requestHandler: TIMES }), {
    marshallOptions: { removeUndefinedValues: true },
  });

/** A given endpoint has no DNS name for each bucket. */
export function createBucketClient(endpoint?: string): S3Client {
  const given = endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  return new S3Client({
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: given !== undefined && given !== '',
    maxAttempts: 3,
    requestHandler: { ...TIMES, requestTimeout: 30_000 },
    // URLs for browsers must not demand checksums of them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** Signs URLs for the address under which callers reach S3, where that is not the one we use ourselves. */
export const createPresigner = (publicEndpoint: string | undefined, client: S3Client): S3Client =>
  publicEndpoint === undefined ? client : createBucketClient(publicEndpoint);
