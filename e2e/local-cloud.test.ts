/** The local cloud by itself: that it starts once, tells the truth about deployments, keeps its state and leaves nothing. */
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetIntegrationsCommand, GetVpcLinksCommand } from '@aws-sdk/client-apigatewayv2';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { CreateRepositoryCommand } from '@aws-sdk/client-ecr';
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeServicesCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Reporter } from '../scripts/console/reporter';
import {
  cloudStatus,
  ensureCloud,
  inventory,
  ledger,
  resetEnvironment,
  setFaults,
  stopCloud,
  type CloudEnvironment,
} from '../scripts/local/client';
import {
  createRepository,
  createSample,
  deploySample,
  describeSample,
  sampleClients,
  settledSample,
  type Sample,
} from './support/sample-stack';
import { pushSample, type Version } from './support/sample-service';
import { steadyLoad } from './support/http';

const silent: Reporter = {
  step: (_title, work) => work(() => undefined),
  info: () => undefined,
  warn: () => undefined,
};
const before = { home: process.env['SLUICE_HOME'], port: process.env['SLUICE_PORT'] };
const home = mkdtempSync(join(tmpdir(), 'sluice-local-cloud-'));

let cloud: CloudEnvironment;
let sample: Sample;
let digests: Record<Version, string>;

beforeAll(async () => {
  process.env['SLUICE_HOME'] = home;
  process.env['SLUICE_PORT'] = '4840';
  // Two commands at once must end up with one cloud.
  const [first, second] = await Promise.all([ensureCloud(silent, 'dev'), ensureCloud(silent, 'dev')]);
  expect(second.endpoint).toBe(first.endpoint);
  cloud = first;
  digests = await pushSample(silent, cloud, await createRepository(cloud));
});

afterAll(async () => {
  await stopCloud(silent);
  rmSync(home, { recursive: true, force: true });
  for (const [name, value] of [
    ['SLUICE_HOME', before.home],
    ['SLUICE_PORT', before.port],
  ] as const) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const settings = (environment: CloudEnvironment) => ({
  region: environment.region,
  endpoint: environment.endpoint,
  credentials: environment.credentials,
});

describe('a service behind an API', () => {
  it('is reached through VPC link and load balancer', async () => {
    sample = await createSample(cloud, digests.v1);
    const service = await settledSample(cloud);
    expect(service.runningCount).toBe(1);
    const answer = await fetch(`${sample.apiEndpoint}/some/path?a=1&a=2&b=%20x`, { method: 'POST', body: 'hello' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-version')).toBe('v1');
    expect(await answer.json()).toMatchObject({ method: 'POST', url: '/some/path?a=1&a=2&b=+x', size: 5 });
  });

  it('owns every path, those of the emulator too', async () => {
    for (const path of ['/health', '/_ministack/health', '/_localstack/health', '/v2/things', '/logout', '/restapis']) {
      const answer = await fetch(`${sample.apiEndpoint}${path}`);
      expect([path, answer.headers.get('x-version')]).toEqual([path, 'v1']);
    }
  });

  it('answers a preflight as the API is configured', async () => {
    const answer = await fetch(`${sample.apiEndpoint}/api`, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.com', 'access-control-request-method': 'POST' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET,POST,OPTIONS');
  });

  it('reaches AWS from its container, and the ledger knows who called', async () => {
    const answer = await fetch(`${sample.apiEndpoint}/tables`);
    expect(await answer.json()).toHaveProperty('TableNames');
    const calls = await ledger({ environment: 'dev', caller: 'web/web' });
    expect(calls).toMatchObject([
      { service: 'dynamodb', operation: 'ListTables', actions: ['dynamodb:ListTables'], status: 200 },
    ]);
  });

  it('is healthy by its own answers, and its link reads back as it was made', async () => {
    const { balancing, api } = sampleClients(cloud);
    const { TargetHealthDescriptions: health } = await balancing.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: sample.targetGroup }),
    );
    expect(health?.map(({ TargetHealth }) => TargetHealth?.State)).toEqual(['healthy']);
    const { Items: links } = await api.send(new GetVpcLinksCommand({}));
    expect(links).toMatchObject([
      { Name: 'sample', VpcLinkStatus: 'AVAILABLE', SubnetIds: ['subnet-00000001', 'subnet-00000002'] },
    ]);
    const { Items: integrations } = await api.send(new GetIntegrationsCommand({ ApiId: sample.apiId }));
    expect(integrations).toMatchObject([{ ConnectionType: 'VPC_LINK', ConnectionId: links?.[0]?.VpcLinkId }]);
    expect(integrations?.[0]?.IntegrationUri).toMatch(/:listener\/app\/sample\//);
  });

  it('is published at a port of its own when the load balancer is public', async () => {
    const { environments } = await cloudStatus();
    const balancer = environments[0]?.endpoints.find(({ kind }) => kind === 'alb');
    const answer = await fetch(`${balancer?.url}/health`);
    expect(answer.headers.get('x-version')).toBe('v1');
  });

  it('streams', async () => {
    const started = Date.now();
    const answer = await fetch(`${sample.apiEndpoint}/slow`);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toBe('first ');
    expect(Date.now() - started).toBeLessThan(1400);
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('second');
  });
});

describe('a deployment', () => {
  it('loses no request under load, and its log has both versions', async () => {
    const load = steadyLoad(`${sample.apiEndpoint}/health`, 5);
    const slow = fetch(`${sample.apiEndpoint}/slow`).then((answer) => answer.text());
    await deploySample(cloud, digests.v2);
    const service = await settledSample(cloud);
    await sleep(1500);
    const { requests, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    expect(await slow).toBe('first second');
    expect(service.deployments).toHaveLength(1);
    expect((await fetch(`${sample.apiEndpoint}/health`)).headers.get('x-version')).toBe('v2');
    const logs = new CloudWatchLogsClient(settings(cloud));
    const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: '/ecs/sample' }));
    expect(events?.map(({ message }) => message)).toEqual(['listening v1', 'listening v2']);
  });

  it.each(['exit', 'health'] as const)(
    'of an image that fails (%s) is rolled back while the old task serves',
    async (version) => {
      const load = steadyLoad(`${sample.apiEndpoint}/health`, 20);
      await deploySample(cloud, digests[version]);
      const service = await settledSample(cloud, 120);
      expect((await load.stop()).failures).toEqual([]);
      expect(service.deployments?.filter(({ rolloutState }) => rolloutState === 'FAILED')).toHaveLength(1);
      expect(service.runningCount).toBe(1);
      expect((await fetch(`${sample.apiEndpoint}/health`)).headers.get('x-version')).toBe('v2');
    },
  );
});

describe('an image that is not pushed yet', () => {
  it('keeps a new service waiting, and the push sets it going', async () => {
    const { ecr, ecs } = sampleClients(cloud);
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'late' }));
    const image = `${cloud.account}.dkr.ecr.${cloud.region}.amazonaws.com/late@${digests.v1}`;
    const definition = { cpu: '256', memory: '512', containerDefinitions: [{ name: 'late', image, essential: true }] };
    await ecs.send(new RegisterTaskDefinitionCommand({ family: 'late', networkMode: 'awsvpc', ...definition }));
    const place = { cluster: 'sample', serviceName: 'late', taskDefinition: 'late', desiredCount: 1 };
    const breaker = { deploymentCircuitBreaker: { enable: true, rollback: true } };
    await ecs.send(new CreateServiceCommand({ ...place, deploymentConfiguration: breaker }));
    const late = async () =>
      (await ecs.send(new DescribeServicesCommand({ cluster: 'sample', services: ['late'] }))).services?.[0];
    const told = await until(async () =>
      (await late())?.events?.find(({ message }) => /unable to pull its image/.test(message ?? '')),
    );
    expect(told.message).toMatch(/CannotPullContainerError/);
    await copyManifest(cloud.registry, 'sample', 'late', digests.v1);
    await until(async () => ((await late())?.deployments?.[0]?.rolloutState === 'COMPLETED' ? true : undefined));
    await ecs.send(new DeleteServiceCommand({ cluster: 'sample', service: 'late', force: true }));
  });
});

describe('faults', () => {
  const client = () => new DynamoDBClient({ ...settings(cloud), maxAttempts: 1 });

  it('hit the calls they name, in the words of the service, until they are cleared', async () => {
    await setFaults('dev', [{ service: 'dynamodb', operation: 'ListTables', kind: 'throttle', nth: 2 }]);
    await client().send(new ListTablesCommand({}));
    await expect(client().send(new ListTablesCommand({}))).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
    });
    await client().send(new ListTablesCommand({}));
    await setFaults('dev', [{ service: 'dynamodb', kind: 'drop' }]);
    await expect(client().send(new ListTablesCommand({}))).rejects.toThrow(/hang up|ECONNRESET/);
    await setFaults('dev', []);
    await client().send(new ListTablesCommand({}));
    const [fault] = (await ledger({ service: 'dynamodb' })).filter((entry) => entry.fault === 'throttle');
    expect(fault).toMatchObject({ operation: 'ListTables', status: 400 });
  });

  it('are refused when they make no sense', async () => {
    await expect(setFaults('dev', [{ kind: 'explode' } as never])).rejects.toThrow(/explode|Invalid/);
  });
});

describe('state', () => {
  const s3 = () => new S3Client({ ...settings(cloud), forcePathStyle: true });

  it('survives a kill of everything, and no task runs twice', async () => {
    await new DynamoDBClient(settings(cloud)).send(
      new CreateTableCommand({
        TableName: 'kept',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
    await s3().send(new CreateBucketCommand({ Bucket: 'kept-bucket' }));
    await s3().send(new PutObjectCommand({ Bucket: 'kept-bucket', Key: 'a/b', Body: 'content' }));
    const held = await inventory('dev');
    // The snapshot follows a change within seconds.
    await sleep(5000);
    const { pid } = await cloudStatus();
    const children = JSON.parse(readFileSync(join(home, 'local', 'processes.json'), 'utf8')) as number[];
    for (const each of [pid, ...children]) kill(each);
    await sleep(500);
    expect((await cloudStatus()).running).toBe(false);

    cloud = await ensureCloud(silent, 'dev');
    const { TableNames } = await new DynamoDBClient(settings(cloud)).send(new ListTablesCommand({}));
    expect(TableNames).toEqual(['kept']);
    const object = await s3().send(new GetObjectCommand({ Bucket: 'kept-bucket', Key: 'a/b' }));
    expect(await object.Body?.transformToString()).toBe('content');
    const answer = await until(async () => {
      const tried = await fetch(`${sample.apiEndpoint}/health`);
      return tried.status === 200 ? tried : undefined;
    });
    expect(answer.headers.get('x-version')).toBe('v2');
    const running = (await inventory('dev')).filter((thing) => thing.startsWith('container/'));
    expect(running).toHaveLength(1);
    const lasting = (things: string[]) => things.filter((thing) => !/^(container|ecs\/tasks)\//.test(thing));
    expect(lasting(await inventory('dev'))).toEqual(lasting(held));
  });

  it('survives a dead emulator, which the status tells', async () => {
    const children = JSON.parse(readFileSync(join(home, 'local', 'processes.json'), 'utf8')) as number[];
    kill(children.at(-1));
    const incident = await until(async () =>
      (await cloudStatus()).incidents.find(({ what }) => /MiniStack of dev died/.test(what)),
    );
    expect(incident.what).toMatch(/started again with its state/);
    const { TableNames } = await new DynamoDBClient(settings(cloud)).send(new ListTablesCommand({}));
    expect(TableNames).toEqual(['kept']);
    await until(async () => ((await describeSample(cloud)).runningCount === 1 ? true : undefined));
  });

  it('is apart for each environment, and a reset leaves nothing', async () => {
    const staging = await ensureCloud(silent, 'staging');
    const empty = await inventory('staging');
    const { TableNames } = await new DynamoDBClient(settings(staging)).send(new ListTablesCommand({}));
    expect(TableNames).toEqual([]);
    await resetEnvironment('dev');
    expect(await inventory('dev')).toEqual(empty);
  });
});

describe('a port in use', () => {
  let stranger: Server;
  afterEach(() => new Promise<void>((resolve) => stranger.close(() => resolve())));

  it('is named with its holder and the remedy', async () => {
    stranger = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    process.env['SLUICE_PORT'] = String(port);
    await expect(ensureCloud(silent, 'dev')).rejects.toMatchObject({
      message: expect.stringMatching(
        new RegExp(`Port ${port}, needed for the control port of the local cloud, is in use`),
      ),
      remedy: expect.stringContaining('SLUICE_PORT='),
    });
    process.env['SLUICE_PORT'] = '4840';
  });
});

/** The same bytes in another repository of the registry: layers mounted, manifest put. */
async function copyManifest(registry: string, from: string, to: string, digest: string): Promise<void> {
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const given = await fetch(`http://${registry}/v2/${from}/manifests/${digest}`, { headers: { accept: type } });
  const text = await given.text();
  const { config, layers } = JSON.parse(text) as { config: { digest: string }; layers: Array<{ digest: string }> };
  for (const { digest: blob } of [config, ...layers]) {
    await fetch(`http://${registry}/v2/${to}/blobs/uploads/?mount=${blob}&from=${from}`, { method: 'POST' });
  }
  await fetch(`http://${registry}/v2/${to}/manifests/v1`, {
    method: 'PUT',
    body: text,
    headers: { 'content-type': type },
  });
}

function kill(pid: number | undefined): void {
  if (!pid) throw new Error('no process to kill');
  process.kill(pid, 'SIGKILL');
}

async function until<T>(look: () => Promise<T | undefined>, seconds = 40): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('it did not come to pass');
    await sleep(200);
  }
}
