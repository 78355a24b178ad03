/** Functions that ship as images on the local cloud: real containers behind Lambda's API, with what AWS promises of them, in
 * a region that is not the emulator's own; and the logs of functions and tasks in CloudWatch. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { silentReporter as silent } from '../scripts/console/reporter';
import {
  ensureCloud,
  inventory,
  ledger,
  resetEnvironment,
  stopCloud,
  type CloudEnvironment,
} from '../scripts/local/client';
import { pushFunction } from './support/sample-function';
import { openSandbox, type Sandbox } from './support/sandbox';

const region = 'us-west-2';
const before = { SLUICE_HOME: process.env['SLUICE_HOME'], SLUICE_PORT: process.env['SLUICE_PORT'] };

let sandbox: Sandbox;
let cloud: CloudEnvironment;
let images: { v1: string; v2: string };
let lambda: LambdaClient;
let logs: CloudWatchLogsClient;

beforeAll(async () => {
  sandbox = openSandbox('functions');
  Object.assign(process.env, { SLUICE_HOME: sandbox.home, SLUICE_PORT: String(sandbox.port) });
  cloud = await ensureCloud(silent, 'dev');
  const settings = { region, endpoint: cloud.endpoint, credentials: cloud.credentials, maxAttempts: 1 };
  lambda = new LambdaClient(settings);
  logs = new CloudWatchLogsClient(settings);
  await new DynamoDBClient(settings).send(
    new CreateTableCommand({
      TableName: 'western',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  images = await pushFunction(silent, cloud, { region, name: 'sample-function' });
});

afterAll(async () => {
  await stopCloud(silent);
  await sandbox.end();
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

interface Answer {
  readonly version: string;
  readonly calls: number;
  readonly copy: string;
  readonly [name: string]: unknown;
}

async function create(name: string, settings: { timeout?: number; variable?: string } = {}): Promise<void> {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      PackageType: 'Image',
      Code: { ImageUri: images.v1 },
      Role: `arn:aws:iam::${cloud.account}:role/sample`,
      Architectures: ['x86_64'],
      MemorySize: 256,
      Timeout: settings.timeout ?? 30,
      Environment: { Variables: settings.variable === undefined ? {} : { VARIABLE: settings.variable } },
    }),
  );
  await waitUntilFunctionActiveV2(
    { client: lambda, maxWaitTime: 20, minDelay: 1, maxDelay: 1 },
    { FunctionName: name },
  );
}

async function updated(name: string): Promise<void> {
  const waiting = { client: lambda, maxWaitTime: 20, minDelay: 1, maxDelay: 1 };
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName: name });
}

async function invoke(name: string, event: object = {}, options: { LogType?: 'Tail' } = {}) {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)), ...options }),
  );
  return {
    error: answer.FunctionError,
    value: JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as Answer,
    log: Buffer.from(answer.LogResult ?? '', 'base64').toString(),
  };
}

const containers = async (): Promise<string[]> =>
  (await inventory('dev')).filter((thing) => thing.startsWith('container/'));

async function lines(group: string): Promise<string[]> {
  const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: group }));
  return (events ?? []).map(({ message }) => message ?? '');
}

describe('a function', () => {
  beforeAll(() => create('first', { variable: 'one' }));

  it('needs an image that the registry of its region holds', async () => {
    const other = images.v1.replace(/@.*/, `@sha256:${'0'.repeat(64)}`);
    for (const ImageUri of [other, images.v1.replace(region, 'us-east-1')]) {
      await expect(
        lambda.send(
          new CreateFunctionCommand({
            FunctionName: 'none',
            PackageType: 'Image',
            Code: { ImageUri },
            Role: 'arn:aws:iam::1:role/x',
          }),
        ),
      ).rejects.toMatchObject({ name: 'InvalidParameterValueException', message: expect.stringContaining(ImageUri) });
    }
  });

  it('reads back with the digest that it runs', async () => {
    const { Code, Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'first' }));
    expect(Code).toMatchObject({ RepositoryType: 'ECR', ImageUri: images.v1, ResolvedImageUri: images.v1 });
    expect(Configuration).toMatchObject({
      PackageType: 'Image',
      CodeSha256: images.v1.split('@sha256:')[1],
      Timeout: 30,
      MemorySize: 256,
      State: 'Active',
    });
  });

  it('runs in a container of its region, with its variables and context, under its own name', async () => {
    const { error, value } = await invoke('first', { tables: true });
    expect(error).toBeUndefined();
    expect(value).toMatchObject({
      version: 'v1',
      calls: 1,
      arn: `arn:aws:lambda:${region}:${cloud.account}:function:first`,
      memory: '256',
      name: 'first',
      region,
      variable: 'one',
      publicS3: cloud.endpoint,
      tables: { TableNames: ['western'] },
    });
    expect(value['left']).toBeGreaterThan(20_000);
    expect(value['left']).toBeLessThanOrEqual(30_000);
    expect(value['user']).not.toBe(0);
    expect(await ledger({ environment: 'dev', caller: 'lambda/first' })).toMatchObject([
      { service: 'dynamodb', operation: 'ListTables', status: 200 },
    ]);
    expect((await invoke('first')).value).toMatchObject({ calls: 2, copy: value.copy });
    expect(await containers()).toHaveLength(1);
  });

  it('says what its handler threw', async () => {
    const { error, value, log } = await invoke('first', { fail: 'no room' }, { LogType: 'Tail' });
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({ errorType: 'RangeError', errorMessage: 'no room' });
    expect(log).toMatch(/^START RequestId: \S+ Version: \$LATEST\n.*\tERROR\tInvoke Error .*no room.*\nEND.*\nREPORT/s);
  });

  it('may write to /tmp and nowhere else', async () => {
    expect((await invoke('first', { write: '/tmp/x' })).error).toBeUndefined();
    const { error, value } = await invoke('first', { write: '/var/task/x' });
    expect(error).toBe('Unhandled');
    expect(value['errorMessage']).toMatch(/EROFS/);
  });

  it('has no more memory than it was given', async () => {
    expect((await invoke('first', { allocate: 100 })).error).toBeUndefined();
    const { error, value } = await invoke('first', { allocate: 900 });
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/signal: killed$/),
    });
    expect((await invoke('first')).value).toMatchObject({ calls: 1 });
  });

  it('runs concurrent calls side by side, and no more than it may', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => invoke('first', { sleepMs: 3000 })));
    expect(new Set(answers.map(({ value }) => value.copy)).size).toBe(3);
    expect(await containers()).toHaveLength(3);
    const limit = (ReservedConcurrentExecutions: number) =>
      lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'first', ReservedConcurrentExecutions }));
    await limit(1);
    const results = await Promise.allSettled([1, 2].map(() => invoke('first', { sleepMs: 500 })));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { name: 'TooManyRequestsException' },
    });
    await limit(10);
  });

  it('takes new variables for the next call, and lets a running one end on the old', async () => {
    const running = invoke('first', { sleepMs: 4000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: 'first',
        Environment: { Variables: { VARIABLE: 'two' } },
      }),
    );
    await updated('first');
    const next = await invoke('first');
    expect(next.value).toMatchObject({ variable: 'two', calls: 1 });
    expect((await running).value).toMatchObject({ variable: 'one' });
    await until(async () => (await containers()).length === 1);
  });

  it('takes a new image for the next call, and the old containers go', async () => {
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'first', ImageUri: images.v2 }));
    await updated('first');
    expect((await invoke('first')).value).toMatchObject({ version: 'v2', variable: 'two', calls: 1 });
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'first' }));
    expect(Configuration?.CodeSha256).toBe(images.v2.split('@sha256:')[1]);
    await until(async () => (await containers()).length === 1);
  });

  it('shares no container with another function of the same image', async () => {
    await create('second', { variable: 'of second' });
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'second', ImageUri: images.v2 }));
    await updated('second');
    const [one, two] = [await invoke('first'), await invoke('second')];
    expect(one.value).toMatchObject({ name: 'first', variable: 'two' });
    expect(two.value).toMatchObject({ name: 'second', variable: 'of second', calls: 1 });
    expect(two.value.copy).not.toBe(one.value.copy);
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'second' }));
    await until(async () => (await containers()).length === 1);
    expect((await invoke('first')).value.copy).toBe(one.value.copy);
  });

  it('is gone with its containers when it is deleted, also one at work', async () => {
    const cut = invoke('first', { sleepMs: 9000 });
    const settled = cut.then(
      ({ error }) => error,
      (error: Error) => error.name,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'first' }));
    await until(async () => (await containers()).length === 0);
    expect(await settled).toBe('Unhandled');
    await expect(invoke('first')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('the time limit', () => {
  beforeAll(() => create('short', { timeout: 1 }));
  afterAll(() => lambda.send(new DeleteFunctionCommand({ FunctionName: 'short' })));

  it.each([{ sleepMs: 20_000 }, { spin: true }])('ends %j, and the next call works', async (event) => {
    const { error, value, log } = await invoke('short', event, { LogType: 'Tail' });
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/),
    });
    expect(log).toMatch(/ Task timed out after 1\.00 seconds\nEND RequestId: \S+\nREPORT .*\tStatus: timeout$/);
    expect((await invoke('short')).value).toMatchObject({ calls: 1 });
  });
});

describe('an asynchronous call', () => {
  beforeAll(() => create('later', { timeout: 3 }));
  afterAll(() => lambda.send(new DeleteFunctionCommand({ FunctionName: 'later' })));
  const event = (payload: object) =>
    lambda.send(
      new InvokeCommand({
        FunctionName: 'later',
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(payload)),
      }),
    );
  const count = async (text: RegExp) =>
    (await lines('/aws/lambda/later').catch(() => [])).filter((line) => text.test(line)).length;

  it('is answered at once and done afterwards', async () => {
    const started = Date.now();
    expect((await event({ say: 'in the background', sleepMs: 1500 })).StatusCode).toBe(202);
    expect(Date.now() - started).toBeLessThan(1500);
    await until(async () => (await count(/^REPORT /)) === 1);
    expect(await lines('/aws/lambda/later')).toContain('{"level":"info","say":"in the background"}');
  });

  it('is tried again only as often as it is configured', async () => {
    await event({ fail: 'thrice' });
    await until(async () => (await count(/Invoke Error.*thrice/)) === 3);
    await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: 'later', MaximumRetryAttempts: 0 }));
    await event({ fail: 'once' });
    await until(async () => (await count(/Invoke Error.*once/)) === 1);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await count(/Invoke Error.*once/)).toBe(1);
  });

  it('waits while the function is at its limit', async () => {
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'later', ReservedConcurrentExecutions: 1 }));
    await Promise.all([event({ say: 'a', sleepMs: 500 }), event({ say: 'b', sleepMs: 500 }), event({ say: 'c' })]);
    await until(async () => (await count(/"say":"[abc]"/)) === 3);
  });
});

describe('logs', () => {
  it('of a function are in its group, one stream for each container', async () => {
    const group = '/aws/lambda/talker';
    await logs.send(new CreateLogGroupCommand({ logGroupName: group, tags: { made: 'before' } }));
    await create('talker');
    const [one, two] = await Promise.all([invoke('talker', { sleepMs: 1500 }), invoke('talker', { sleepMs: 1500 })]);
    await invoke('talker', { say: 'hello' });
    await until(async () => (await lines(group)).filter((line) => line.startsWith('REPORT')).length === 3);
    const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: group }));
    expect(logStreams?.map(({ logStreamName }) => logStreamName).sort()).toEqual(
      [one?.value.copy, two?.value.copy].sort(),
    );
    expect(one?.value.copy).toMatch(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    const all = await lines(group);
    expect(all).toContain('{"level":"info","say":"hello"}');
    expect(
      all.filter((line) => line === `START RequestId: ${String(one?.value['request'])} Version: $LATEST`),
    ).toHaveLength(1);
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'talker' }));
  });

  it('of a task are in the group of its awslogs driver, in the region it names', async () => {
    const settings = { region, endpoint: cloud.endpoint, credentials: cloud.credentials };
    const ecs = new ECSClient(settings);
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/ecs/sample' }));
    await ecs.send(new CreateClusterCommand({ clusterName: 'sample' }));
    const script =
      "console.log('up in '+process.env.AWS_REGION);console.error('y'.repeat(40000));setTimeout(()=>console.log('last'),1500)";
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'speaker',
        networkMode: 'awsvpc',
        cpu: '256',
        memory: '512',
        containerDefinitions: [
          {
            name: 'speaker',
            image: images.v1,
            essential: true,
            entryPoint: ['node', '-e', script],
            logConfiguration: {
              logDriver: 'awslogs',
              options: { 'awslogs-group': '/ecs/sample', 'awslogs-region': region, 'awslogs-stream-prefix': 'task' },
            },
          },
        ],
      }),
    );
    const { tasks } = await ecs.send(new RunTaskCommand({ cluster: 'sample', taskDefinition: 'speaker' }));
    const id = tasks?.[0]?.taskArn?.split('/').pop() ?? '';
    await until(async () => (await lines('/ecs/sample')).includes('last'));
    expect(await lines('/ecs/sample')).toEqual([`up in ${region}`, 'y'.repeat(40_000), 'last']);
    const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: '/ecs/sample' }));
    expect(logStreams?.map(({ logStreamName }) => logStreamName)).toEqual([`task/speaker/${id}`]);
  });
});

describe('the emulator', () => {
  it('dies and comes back: functions and logs are there, containers are new', async () => {
    await create('kept', { variable: 'kept' });
    const { value } = await invoke('kept', { say: 'before' });
    // The snapshot of logs follows a change that no request made within a quarter of a minute.
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    const children = JSON.parse(readFileSync(join(sandbox.home, 'local', 'processes.json'), 'utf8')) as number[];
    process.kill(children.at(-1) ?? 0, 'SIGKILL');
    const after = await until(async () => {
      const tried = await invoke('kept', { say: 'after' }).catch(() => undefined);
      return tried?.error === undefined ? tried : undefined;
    });
    expect(after.value).toMatchObject({ variable: 'kept', calls: 1 });
    expect(after.value.copy).not.toBe(value.copy);
    await until(async () => (await lines('/aws/lambda/kept')).includes('{"level":"info","say":"after"}'));
    expect(await lines('/aws/lambda/kept')).toContain('{"level":"info","say":"before"}');
    expect(await containers()).toHaveLength(1);
  });

  it('is emptied with functions, groups and containers', async () => {
    await resetEnvironment('dev');
    expect(await containers()).toEqual([]);
    await expect(invoke('kept')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
    expect(logGroups).toEqual([]);
  });
});

async function until<T>(look: () => Promise<T | undefined | false>, seconds = 40): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`nothing after ${seconds} s: ${String(look)}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
