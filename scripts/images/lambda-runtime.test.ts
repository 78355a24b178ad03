import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLambdaNodeBase, isOtherLambdaBase, lambdaRuntime } from './lambda-base';

const folder = mkdtempSync(join(tmpdir(), 'sluice-lambda-'));
const arn = 'arn:aws:lambda:us-west-2:111111111111:function:hello';
const running: ChildProcess[] = [];

beforeAll(async () => {
  // Root runs the handler as another user, who must be able to read it.
  writeFileSync(join(folder, 'runtime.mjs'), await lambdaRuntime());
  writeFileSync(
    join(folder, 'index.js'),
    `
    let calls = 0;
    exports.handler = async (event, context) => {
      calls += 1;
      if (event.say) console.log('said %s', event.say);
      if (event.raw) process.stdout.write(event.raw + '\\n');
      if (event.fail) throw new RangeError(event.fail);
      if (event.exit !== undefined) process.exit(event.exit);
      if (event.reject) { Promise.reject(new Error('nobody waits')); await new Promise((r) => setTimeout(r, 2000)); }
      if (event.sleep) await new Promise((r) => setTimeout(r, event.sleep));
      if (event.spin) for (;;);
      if (event.big) return 'x'.repeat(event.big);
      if (event.nothing) return;
      const { getRemainingTimeInMillis, ...rest } = context;
      return { event, calls, ...rest, left: getRemainingTimeInMillis(), folder: process.cwd() };
    };
    exports.nested = { old: (event, context, callback) => callback(null, { old: event }) };
    exports.sync = (event) => event.n + 1;
    exports.number = 7;
    `,
  );
  writeFileSync(join(folder, 'esm.mjs'), 'export const handler = async () => "from a module";');
  writeFileSync(join(folder, 'broken.js'), "require('no-such-package');");
  writeFileSync(join(folder, 'wrong.js'), 'exports.handler = async () => { return ;;; } }');
  chmodSync(folder, 0o755);
});

afterEach(() => running.splice(0).forEach((child) => child.kill('SIGTERM')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(handler: string, timeout = 1) {
  const port = await freePort();
  const child = spawn(process.execPath, [join(folder, 'runtime.mjs'), handler], {
    env: {
      PATH: process.env['PATH'],
      LAMBDA_TASK_ROOT: folder,
      SLUICE_LAMBDA_PORT: String(port),
      AWS_LAMBDA_FUNCTION_NAME: 'hello',
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeout),
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/hello',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      _LAMBDA_FUNCTION_ARN: arn,
    },
  });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const invoke = async (event: unknown, id = 'r-1') => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`, {
          method: 'POST',
          body: JSON.stringify(event),
          headers: { 'x-amzn-requestid': id },
        });
        return {
          status: answer.status,
          error: answer.headers.get('lambda-runtime-function-error-type'),
          value: (await answer.json()) as Record<string, never>,
        };
      } catch (error) {
        if (attempt > 100) throw error;
        await sleep(50);
      }
    }
  };
  return { invoke, child, port, output: () => output };
}

test('a handler gets event and context, and the log has what Lambda writes', async () => {
  const { invoke, output } = await start('index.handler');
  const { status, error, value } = await invoke({ say: 'two\nlines', raw: '{"level":"info"}' });
  expect([status, error]).toEqual([200, null]);
  expect(value).toMatchObject({
    event: { say: 'two\nlines' },
    calls: 1,
    functionName: 'hello',
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: '256',
    awsRequestId: 'r-1',
    logGroupName: '/aws/lambda/hello',
    logStreamName: 'stream',
    folder,
  });
  expect(value['left']).toBeGreaterThan(0);
  expect(value['left']).toBeLessThanOrEqual(1000);
  expect((await invoke({}, 'r-2')).value).toMatchObject({ calls: 2, awsRequestId: 'r-2' });
  expect(
    output()
      .replace(/\d+\.\d\d ms/g, 'N ms')
      .split('\n'),
  ).toEqual([
    'START RequestId: r-1 Version: $LATEST',
    expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z\tr-1\tINFO\tsaid two\rlines$/),
    '{"level":"info"}',
    'END RequestId: r-1',
    expect.stringMatching(
      /^REPORT RequestId: r-1\tDuration: N ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: [1-9]\d+ MB\tInit Duration: N ms$/,
    ),
    'START RequestId: r-2 Version: $LATEST',
    'END RequestId: r-2',
    expect.stringMatching(/^REPORT RequestId: r-2\t.*Used: \d+ MB$/),
    '',
  ]);
});

test.each([
  ['index.nested.old', { a: 1 }, { old: { a: 1 } }],
  ['index.sync', { n: 1 }, 2],
  ['index.handler', { nothing: true }, null],
  ['esm.handler', {}, 'from a module'],
])('%s of %j answers %j', async (handler, event, expected) => {
  const { invoke } = await start(handler);
  expect(await invoke(event)).toEqual({ status: 200, error: null, value: expected });
});

test('what a handler throws comes back in the shape of Lambda, and the next call runs in the same process', async () => {
  const { invoke, output } = await start('index.handler');
  const { status, error, value } = await invoke({ fail: 'out of it' });
  expect([status, error]).toEqual([200, 'RangeError']);
  expect(value).toMatchObject({ errorType: 'RangeError', errorMessage: 'out of it' });
  expect(value['trace']).toEqual(expect.arrayContaining(['RangeError: out of it']));
  expect((await invoke({})).value).toMatchObject({ calls: 2 });
  expect(output()).toMatch(/\tr-1\tERROR\tInvoke Error \{"errorType":"RangeError","errorMessage":"out of it"/);
});

test.each([
  ['waits', { sleep: 20_000 }],
  ['spins', { spin: true }],
])('a handler that %s is ended at its time, and the next call starts anew', async (_how, event) => {
  const { invoke, output } = await start('index.handler');
  await invoke({});
  const { error, value } = await invoke(event, 'slow');
  expect(error).toBe('Sandbox.Timedout');
  expect(value).toEqual({
    errorType: 'Sandbox.Timedout',
    errorMessage: 'RequestId: slow Error: Task timed out after 1.00 seconds',
  });
  expect(output()).toMatch(/Z slow Task timed out after 1\.00 seconds\n/);
  expect(output()).toMatch(/REPORT RequestId: slow\tDuration: 1000\.00 ms\t.*\tStatus: timeout\n/);
  expect((await invoke({})).value).toMatchObject({ calls: 1 });
});

test.each([
  [{ exit: 3 }, 'Runtime.ExitError', 'RequestId: r-1 Error: Runtime exited with error: exit status 3'],
  [{ reject: true }, 'Runtime.UnhandledPromiseRejection', 'nobody waits'],
  [
    { big: 7_000_000 },
    'Function.ResponseSizeTooLarge',
    /^Response payload size exceeded maximum allowed payload size \(6291556 bytes\)\.$/,
  ],
])('%j ends as %s', async (event, type, message) => {
  const { invoke } = await start('index.handler', 10);
  const { error, value } = await invoke(event);
  expect(error).toBe(type);
  expect(value).toMatchObject({ errorType: type, errorMessage: expect.stringMatching(message) });
  expect((await invoke({})).error).toBeNull();
});

test.each([
  ['index.absent', 'Runtime.HandlerNotFound', 'index.absent is undefined or not exported'],
  ['index.number', 'Runtime.HandlerNotFound', 'index.number is not a function'],
  ['gone.handler', 'Runtime.ImportModuleError', "Error: Cannot find module 'gone'"],
  ['broken.handler', 'Runtime.ImportModuleError', /no-such-package/],
  ['wrong.handler', 'Runtime.UserCodeSyntaxError', /^SyntaxError: /],
  ['index', 'Runtime.MalformedHandlerName', 'Bad handler: index'],
])('%s cannot be loaded: %s', async (handler, type, message) => {
  const { invoke } = await start(handler);
  const { error, value } = await invoke({});
  expect(error).toBe(type);
  expect(value['errorMessage']).toMatch(message);
});

test('calls of one copy wait for each other', async () => {
  const { invoke } = await start('index.handler');
  const answers = await Promise.all([invoke({ sleep: 100 }, 'a'), invoke({ sleep: 100 }, 'b'), invoke({}, 'c')]);
  expect(answers.map(({ value }) => value['calls']).sort()).toEqual([1, 2, 3]);
});

test('only the address of the emulator is served', async () => {
  const { invoke, port } = await start('index.handler');
  await invoke({});
  const answer = await fetch(`http://127.0.0.1:${port}/other`);
  expect(answer.status).toBe(404);
});

test('it ends when it is told to', async () => {
  const { invoke, child } = await start('index.handler');
  await invoke({});
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test.each([
  ['public.ecr.aws/lambda/nodejs:22', true, false],
  [`public.ecr.aws/lambda/nodejs@sha256:${'a'.repeat(64)}`, true, false],
  ['amazon/aws-lambda-nodejs:20', true, false],
  ['public.ecr.aws/lambda/python:3.13', false, true],
  ['public.ecr.aws/docker/library/node:22-slim', false, false],
])('%s', (reference, node, other) => {
  expect([isLambdaNodeBase(reference), isOtherLambdaBase(reference)]).toEqual([node, other]);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
