/** Runs entrypoint.sh itself, with agents that are small scripts and an `aws` that copies within a folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundleForTest } from '../../common/test-support/bundled-service';
import { startFakeAws } from '../../common/test-support/fake-aws';

const source = join(process.cwd(), 'services/fable/build');
const buildId = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';

let folder: string;
let work: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fable-build-'));
  work = join(folder, 'work');
  await mkdir(join(folder, 'bin'));
  await script(
    'aws',
    `echo "$*" >>"${folder}/aws.log"
    [[ $1 == s3 && $2 == cp && $# == 5 && $5 == --only-show-errors ]] || exit 252
    from=\${3/#s3:\\//${folder}/s3} to=\${4/#s3:\\//${folder}/s3}
    [[ $to != */* ]] || mkdir -p "\${to%/*}"
    cp "$from" "$to"`,
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function script(name: string, text: string): Promise<string> {
  const path = join(folder, 'bin', name);
  await writeFile(path, `#!/usr/bin/env bash\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

const store = async (key: string, text: string) => {
  await mkdir(dirname(join(folder, 's3/artifacts', key)), { recursive: true });
  await writeFile(join(folder, 's3/artifacts', key), text);
};
const stored = async (key: string) => JSON.parse(await readFile(join(folder, 's3/artifacts', key), 'utf8')) as object;
const output = (phase = 'core') => stored(`builds/${buildId}/${phase}-output.json`);

/** Writes what a phase is asked for, and how it was called beside it. */
const agent = (more = '') =>
  script(
    'agent',
    `printf '%s\\n' "$@" >"${folder}/arguments"
    echo "working on $(<spec.json)"
    echo "a warning" >&2
    ${more}
    printf '{"buildId":"%s","phase":"%s","status":"completed","specifications":[]}' "$FABLE_BUILD_ID" "$FABLE_PHASE" >output.json`,
  );

function start(variables: Record<string, string | undefined> = {}) {
  const env: NodeJS.ProcessEnv = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    FABLE_PHASE: 'core',
    FABLE_BUILD_ID: buildId,
    FABLE_BUILD_SPEC: '{"goal":"a \\"tool\\"","kind":"mcp-tool"}',
    ARTIFACTS_BUCKET: 'artifacts',
    FABLE_AGENT_COMMAND: 'agent',
    FABLE_WORK_DIR: work,
    ...variables,
  };
  const child = spawn(join(source, 'entrypoint.sh'), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
  return { child, ended: codeOf(child).then((code) => ({ code, ...written })) };
}
const codeOf = (child: ChildProcess) => new Promise<number | null>((resolve) => child.on('close', resolve));
const run = (variables?: Record<string, string | undefined>) => start(variables).ended;

test('a phase leaves its output in S3', async () => {
  await agent();
  const { code, stdout } = await run();
  expect(code).toBe(0);
  expect(await output()).toEqual({ buildId, phase: 'core', status: 'completed', specifications: [] });
  expect(stdout).toContain('working on {"goal":"a \\"tool\\"","kind":"mcp-tool"}\na warning\n');
  expect(await readFile(join(folder, 'aws.log'), 'utf8')).toBe(
    `s3 cp output.json s3://artifacts/builds/${buildId}/core-output.json --only-show-errors\n`,
  );
});

test('the agent runs without questions and is told of the phase', async () => {
  await agent();
  await run({ FABLE_AGENT_COMMAND: 'agent --model x' });
  const [model, x, print, skip, ...prompt] = (await readFile(join(folder, 'arguments'), 'utf8')).split('\n');
  expect([model, x, print, skip]).toEqual(['--model', 'x', '--print', '--dangerously-skip-permissions']);
  expect(prompt.join('\n')).toContain('This is phase CORE');
  expect(prompt.join('\n')).toContain(`"buildId": "${buildId}", "phase": "core", "status": "completed"`);
});

test('phase OI works on what phase CORE has left', async () => {
  await store(`builds/${buildId}/core-output.json`, '{"templates":["t"]}');
  await agent('cat core-output.json');
  const { code, stdout } = await run({ FABLE_PHASE: 'oi' });
  expect(code).toBe(0);
  expect(stdout).toContain('{"templates":["t"]}');
  expect(await readFile(join(folder, 'arguments'), 'utf8')).toContain('This is phase OI');
  expect(await output('oi')).toMatchObject({ phase: 'oi', status: 'completed' });
});

test('phase OI without an output of phase CORE fails, and does not start', async () => {
  await agent();
  expect(await run({ FABLE_PHASE: 'oi' })).toMatchObject({ code: 1 });
  expect(await output('oi')).toEqual({
    ...{ buildId, phase: 'oi', status: 'failed', log: [] },
    error: 'the output of phase core could not be downloaded',
  });
  expect(existsSync(join(folder, 'arguments'))).toBe(false);
});

test('a large specification comes from S3', async () => {
  const spec = JSON.stringify({ goal: 'x'.repeat(50_000) });
  await store(`builds/${buildId}/spec.json`, spec);
  await agent();
  expect(await run({ FABLE_BUILD_SPEC: `{"specKey":"builds/${buildId}/spec.json"}` })).toMatchObject({ code: 0 });
  expect(await readFile(join(work, 'spec.json'), 'utf8')).toBe(spec);
});

test.each([
  ['FABLE_PHASE', undefined, 'FABLE_PHASE must be core or oi'],
  ['FABLE_PHASE', 'deploy', 'FABLE_PHASE must be core or oi'],
  ['FABLE_BUILD_ID', undefined, 'FABLE_BUILD_ID must be'],
  ['FABLE_BUILD_ID', '../../other', 'FABLE_BUILD_ID must be'],
  ['ARTIFACTS_BUCKET', undefined, 'ARTIFACTS_BUCKET must be'],
  ['ARTIFACTS_BUCKET', 'a/b', 'ARTIFACTS_BUCKET must be'],
  ['FABLE_BUILD_SPEC', undefined, 'FABLE_BUILD_SPEC must be a JSON object'],
  ['FABLE_BUILD_SPEC', '{"goal":', 'FABLE_BUILD_SPEC must be a JSON object'],
  ['FABLE_BUILD_SPEC', '[]', 'FABLE_BUILD_SPEC must be a JSON object'],
  ['FABLE_BUILD_SPEC', '{"specKey":"builds/other/spec.json"}', 'FABLE_BUILD_SPEC must be a JSON object'],
  ['FABLE_AGENT_COMMAND', ' ', 'FABLE_AGENT_COMMAND is empty'],
])('%s=%s: 64, before any work', async (name, value, message) => {
  await agent();
  const { code, stderr } = await run({ [name]: value });
  expect(code).toBe(64);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect([work, join(folder, 'aws.log'), join(folder, 'arguments')].filter((path) => existsSync(path))).toEqual([]);
});

test('everything that is missing is told at once', async () => {
  const { code, stderr } = await run({
    FABLE_PHASE: '',
    FABLE_BUILD_ID: '',
    FABLE_BUILD_SPEC: '',
    ARTIFACTS_BUCKET: '',
  });
  expect(code).toBe(64);
  expect(stderr.trim().split('\n')).toHaveLength(4);
});

test('an agent that fails leaves a failed document with its last 50 lines', async () => {
  await agent(`for ((i = 1; i <= 70; i++)); do echo "line $i \\"ü\\""; done; exit 3`);
  expect(await run()).toMatchObject({ code: 1 });
  expect(await output()).toEqual({
    buildId,
    phase: 'core',
    status: 'failed',
    error: 'the agent ended with exit code 3',
    log: Array.from({ length: 50 }, (_, index) => `line ${index + 21} "ü"`),
  });
});

test('an agent that is not there is one that fails', async () => {
  expect(await run({ FABLE_AGENT_COMMAND: 'no-such-agent' })).toMatchObject({ code: 1 });
  expect(await output()).toMatchObject({
    error: 'the agent ended with exit code 127',
    log: [expect.stringContaining('no-such-agent')],
  });
});

test.each([
  ['no', 'exit 0'],
  ['an empty', ': >output.json; exit 0'],
])('%s output.json is a failure', async (_what, more) => {
  await agent(more);
  expect(await run()).toMatchObject({ code: 1 });
  expect(await output()).toMatchObject({ status: 'failed', error: 'the agent left no output.json' });
});

test('an agent that says that it failed has its document kept, and the container fails', async () => {
  await agent(`echo '{"status":"failed","error":"impossible"}' >output.json; exit 0`);
  expect(await run()).toMatchObject({ code: 1 });
  expect(await output()).toEqual({ status: 'failed', error: 'impossible' });
});

test('output that cannot be uploaded is a failure', async () => {
  await agent();
  await script('aws', `[[ $3 == output.json ]] && { echo denied >&2; exit 1; }; cp "$3" "${folder}/failed.json"`);
  const { code, stderr } = await run();
  expect(code).toBe(1);
  expect(stderr).toContain('denied');
  expect(JSON.parse(await readFile(join(folder, 'failed.json'), 'utf8'))).toMatchObject({
    status: 'failed',
    error: 'the output could not be uploaded',
  });
});

test('what an agent leaves running does not hold the container', async () => {
  await agent('sleep 600 & ');
  expect(await run()).toMatchObject({ code: 0 });
});

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test.each([
  ['stops the agent and its children', ''],
  ['gives the agent time to end', `trap 'echo ended >"$HOME_FOLDER/ended"; exit 0' TERM`],
])('SIGTERM %s, and ends with 143', async (_what, trap) => {
  await agent(`${trap.replace('$HOME_FOLDER', folder)}
    sleep 600 & echo "$$ $!" >"${folder}/pids"; wait`);
  const { child, ended } = start();
  while (!existsSync(join(folder, 'pids'))) await delay(20);
  await delay(50);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(143);
  const pids = (await readFile(join(folder, 'pids'), 'utf8')).trim().split(' ').map(Number);
  expect(pids).toHaveLength(2);
  expect(pids.filter(alive)).toEqual([]);
  expect(existsSync(join(folder, 'ended'))).toBe(trap !== '');
  expect(existsSync(join(folder, 's3'))).toBe(false);
});

test("the same with the rehearsal's own aws, which speaks to S3", async () => {
  await bundleForTest(source, folder);
  await rm(join(folder, 'bin/aws'));
  await script('aws', `exec "${process.execPath}" "${folder}/server.js" "$@"`);
  await agent('cat core-output.json');
  const objects = new Map<string, Buffer>([
    [`/artifacts/builds/${buildId}/core-output.json`, Buffer.from('{"templates":["t"]}')],
  ]);
  const aws = await startFakeAws(({ operation, body }) => {
    const path = operation.split('?')[0]!;
    if (body) objects.set(path, body);
    return { bytes: body ? Buffer.alloc(0) : (objects.get(path) ?? Buffer.alloc(0)), type: 'application/json' };
  });
  const variables = {
    FABLE_PHASE: 'oi',
    AWS_ENDPOINT_URL: aws.settings.endpoint,
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 's',
  };
  const { code, stdout } = await run(variables);
  expect(code).toBe(0);
  expect(stdout).toContain('{"templates":["t"]}');
  expect(JSON.parse(objects.get(`/artifacts/builds/${buildId}/oi-output.json`)!.toString())).toMatchObject({
    phase: 'oi',
  });
  aws.answer = () => ({ fault: 'AccessDenied', status: 403 });
  expect(await run(variables)).toMatchObject({ code: 1, stderr: expect.stringContaining('copy failed') });
  await aws.close();
});
