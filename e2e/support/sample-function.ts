/** A tiny Lambda function as an image, built and pushed the way every service is, in two versions. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import type { Reporter } from '../../scripts/console/reporter';
import { buildImage } from '../../scripts/images/build';
import { pushImage } from '../../scripts/images/push';
import { closeRepository, openRepository } from '../../scripts/images/repository';
import type { CloudEnvironment } from '../../scripts/local/client';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

const source = (version: string): string => `
import { setTimeout as sleep } from 'node:timers/promises';
let calls = 0;
const kept: Buffer[] = [];
interface Event { fail?: string; sleepMs?: number; spin?: boolean; variable?: string; say?: string; tables?: boolean; write?: string; allocate?: number }
export const handler = async (event: Event, context: any): Promise<unknown> => {
  calls += 1;
  if (event.say) process.stdout.write(JSON.stringify({ level: 'info', say: event.say }) + '\\n');
  if (event.fail) throw new RangeError(event.fail);
  if (event.sleepMs) await sleep(event.sleepMs);
  while (event.spin) ;
  for (let megabytes = 0; megabytes < (event.allocate ?? 0); megabytes += 10) kept.push(Buffer.alloc(10_485_760, 1));
  if (event.write) await (await import('node:fs/promises')).writeFile(event.write, 'x');
  const { AWS_REGION: region, AWS_ENDPOINT_URL: endpoint = '', AWS_ACCESS_KEY_ID: key, AWS_SESSION_TOKEN: token = '' } = process.env;
  const tables = event.tables && await (await fetch(endpoint, { method: 'POST', body: '{}', headers: {
    'x-amz-target': 'DynamoDB_20120810.ListTables', 'content-type': 'application/x-amz-json-1.0', 'x-amz-security-token': token,
    authorization: \`AWS4-HMAC-SHA256 Credential=\${key}/20260101/\${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0\`,
  } })).json();
  return {
    version: '${version}', calls, tables, copy: context.logStreamName, arn: context.invokedFunctionArn, request: context.awsRequestId,
    left: context.getRemainingTimeInMillis(), memory: context.memoryLimitInMB, name: process.env.AWS_LAMBDA_FUNCTION_NAME, region,
    publicS3: process.env.S3_PUBLIC_ENDPOINT, variable: process.env.VARIABLE ?? null, user: process.getuid?.(),
  };
};
`;

/** Pushes both versions into a repository of this name and region; gives their image addresses. */
export async function pushFunction(
  reporter: Reporter,
  cloud: CloudEnvironment,
  { region, name }: { region: string; name: string },
): Promise<{ v1: string; v2: string }> {
  const clients = { region, endpoint: cloud.endpoint, credentials: cloud.credentials };
  await new ECRClient(clients).send(new CreateRepositoryCommand({ repositoryName: name }));
  const place = { target: 'local', system: 'sample', environment: cloud.environment, account: cloud.account } as const;
  const repository = openRepository({ ...place, region, name, clients, registry: cloud.registry });
  const folder = mkdtempSync(join(tmpdir(), 'sluice-function-'));
  try {
    const images: Record<string, string> = {};
    for (const version of ['v1', 'v2']) {
      const service = join(folder, version);
      mkdirSync(service);
      writeFileSync(join(service, 'main.ts'), source(version));
      writeFileSync(
        join(service, 'service.json'),
        JSON.stringify({ entry: 'main.ts', format: 'cjs', output: 'index.js' }),
      );
      writeFileSync(
        join(service, 'Dockerfile'),
        [
          'ARG BASE_IMAGE=public.ecr.aws/lambda/nodejs:22',
          'FROM ${BASE_IMAGE}',
          'COPY dist/ /var/task/',
          'CMD ["index.handler"]',
          '',
        ].join('\n'),
      );
      const built = await buildImage(reporter, {
        system: 'sample',
        service: `function-${version}`,
        source: service,
        root,
        version: '0.0.0',
        containers: cloud.containers,
      });
      const { digest } = await pushImage(reporter, built, repository);
      images[version] = `${cloud.account}.dkr.ecr.${region}.amazonaws.com/${name}@${digest}`;
    }
    return images as { v1: string; v2: string };
  } finally {
    await closeRepository(repository);
    rmSync(folder, { recursive: true, force: true });
  }
}
