/**
 * T3nets end to end: the acceptance list of its requirements on a local cloud of its own, with real applies, real
 * containers and real clients. The tests build on each other, in this order; numbers in names are those of the list.
 * What only AWS can show is in docs/fidelity.md.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeServicesCommand } from '@aws-sdk/client-ecs';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { execa } from 'execa';
import { clientsOf } from './support/aws';
import { containerStates } from './support/containers';
import { ask, steadyLoad } from './support/http';
import { startJira, type Jira } from './support/jira';
import { startModel, type Model } from './support/model';
import { openSandbox } from './support/sandbox';

const STATE_BUCKET = 'sluice-state-111111111111-us-east-1';
const sandbox = openSandbox('t3nets');
const aws = clientsOf(sandbox.port, 'dev');
const stackFolder = sandbox.stackFolder('t3nets-dev');

let jira: Jira;
let model: Model;
let env: Record<string, string>;
let api: string;

interface UpAnswer {
  phase: number;
  changes: number;
  account: string;
  region: string;
  environment: string;
  outputs: Record<string, string>;
  images: Record<string, string>;
  seconds: { step: string; seconds: number }[];
}

beforeAll(async () => {
  jira = await startJira({ apiToken: 'jira-canary-3f81' });
  model = await startModel();
  env = {
    SLUICE_BEDROCK_PROXY_URL: model.url,
    JIRA_BASE_URL: `http://host.docker.internal:${jira.port}`,
    JIRA_EMAIL: jira.email,
    JIRA_API_TOKEN: jira.apiToken,
    JIRA_BOARD_ID: jira.boardId,
  };
});

afterAll(async () => {
  await sandbox.end();
  await Promise.all([jira.stop(), model.stop()]);
});

async function engineVariables(environment = 'dev'): Promise<Record<string, string>> {
  const { variables } = (await sandbox.ok(['env', 't3nets', environment, '--json'], { env })).json<{
    variables: Record<string, string>;
  }>();
  return variables;
}

async function tofu(args: string[], environment = 'dev') {
  const variables = await engineVariables(environment);
  return execa(variables['TERRAFORM_BINARY_NAME']!, args, {
    cwd: sandbox.stackFolder(`t3nets-${environment}`),
    env: variables,
    reject: false,
    stdin: 'ignore',
  });
}

/** The CDKTF CLI as a person runs it under the variables of `env`. */
async function cdktf(...args: string[]) {
  const env = { ...(await engineVariables()), ...sandbox.env, CI: 'true' };
  return execa('npx', ['--no-install', 'cdktf', ...args, '--skip-provider-lock'], {
    cwd: sandbox.root,
    env,
    reject: false,
    all: true,
    stdin: 'ignore',
  });
}

async function stateText(): Promise<string> {
  const { Body } = await aws.s3.send(
    new GetObjectCommand({ Bucket: STATE_BUCKET, Key: 't3nets/dev/terraform.tfstate' }),
  );
  return Body!.transformToString();
}

async function secretKey(path: string): Promise<string> {
  const { SecretString } = await aws.secrets.send(
    new GetSecretValueCommand({ SecretId: `/t3nets/dev/tenants/${path}` }),
  );
  return (JSON.parse(SecretString!) as { key: string }).key;
}

describe('from nothing to an answer', () => {
  test('1, 2: phase 1 alone applies and holds nothing that needs an image', async () => {
    const plan = (await sandbox.ok(['plan', 't3nets', 'dev', '--json'], { env, exitCode: 2 })).json<{
      phase: number;
      create: string[];
      waiting: { services: string[]; resources: string[] };
    }>();
    expect(plan.phase).toBe(1);
    expect(plan.waiting.services).toEqual(['router']);
    expect(plan.create.filter((address) => /aws_(ecs|lb|apigatewayv2)/.test(address))).toEqual([]);
    const { resource, output } = JSON.parse(readFileSync(join(stackFolder, 'cdk.tf.json'), 'utf8')) as Record<
      string,
      object
    >;
    expect(JSON.stringify({ resource, output })).not.toContain('@sha256:');
    expect(Object.keys(resource!).filter((type) => /^aws_(ecs|lb|apigatewayv2)/.test(type))).toEqual([]);
    const deployed = (await sandbox.ok(['deploy', 't3nets', 'dev', '--json'], { env })).json<UpAnswer>();
    expect(deployed.phase).toBe(1);
    expect(Object.keys(deployed.outputs)).toEqual(
      expect.arrayContaining([
        'ecr_url',
        'tenants_table_name',
        'conversations_table_name',
        'secrets_prefix',
        'secrets_policy_arn',
      ]),
    );
    expect(deployed.outputs).not.toHaveProperty('api_endpoint');
  });

  test('2, 5, 6: up opens the gate by itself, leaves phase 1 alone, seeds and answers', async () => {
    const before = (await tofu(['state', 'list'])).stdout.split('\n').filter((address) => !address.startsWith('data.'));
    expect(before.length).toBeGreaterThan(10);
    const up = (await sandbox.ok(['up', 't3nets', 'dev', '--json'], { env })).json<UpAnswer>();
    expect(up).toMatchObject({ phase: 2, account: '111111111111', region: 'us-east-1', environment: 'dev' });
    expect(up.images['router']).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(up.seconds.length).toBeGreaterThan(3);
    api = up.outputs['api_endpoint']!;
    expect(api).not.toMatch(/\/$/);
    const after = (await tofu(['state', 'list'])).stdout.split('\n');
    for (const address of before) expect(after).toContain(address);
  });

  test('2: a second plan is empty, for the command and for the plain engine; a second up changes nothing', async () => {
    expect((await sandbox.ok(['plan', 't3nets', 'dev', '--json'], { env })).json<{ changes: number }>().changes).toBe(
      0,
    );
    const plain = await tofu(['plan', '-detailed-exitcode', '-input=false', '-no-color']);
    expect({ exitCode: plain.exitCode, stdout: plain.exitCode === 0 ? '' : plain.stdout }).toEqual({
      exitCode: 0,
      stdout: '',
    });
    const again = (await sandbox.ok(['up', 't3nets', 'dev', '--json'], { env })).json<UpAnswer>();
    expect(again.changes).toBe(0);
  });

  test('5: seeding again keeps every item; no secret value is in the state', async () => {
    const items = async () => (await aws.dynamo.send(new ScanCommand({ TableName: 't3nets-dev-tenants' }))).Items;
    const before = await items();
    const { items: seeded } = (await sandbox.ok(['seed', 't3nets', 'dev', '--json'], { env })).json<{
      items: { result: string }[];
    }>();
    expect(seeded.map(({ result }) => result)).toEqual(seeded.map(() => 'kept'));
    expect(await items()).toEqual(before);
    const { SecretList } = await aws.secrets.send(new ListSecretsCommand({}));
    expect(SecretList!.map(({ Name }) => Name).sort()).toEqual([
      '/t3nets/dev/tenants/default/admin-api',
      '/t3nets/dev/tenants/default/jira',
    ]);
    const state = await stateText();
    expect(state).not.toContain(jira.apiToken);
    expect(state).not.toContain(await secretKey('default/admin-api'));
  });

  test('6: one real container runs, its target is registered and healthy', async () => {
    const { services } = await aws.ecs.send(
      new DescribeServicesCommand({ cluster: 't3nets-dev-cluster', services: ['t3nets-dev-router'] }),
    );
    expect(services![0]).toMatchObject({ runningCount: 1, desiredCount: 1 });
    const { TargetHealthDescriptions } = await aws.balancing.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: services![0]!.loadBalancers![0]!.targetGroupArn! }),
    );
    expect(TargetHealthDescriptions!.map(({ TargetHealth }) => TargetHealth!.State)).toEqual(['healthy']);
    const status = (await sandbox.ok(['status', 't3nets', 'dev', '--json'], { env })).json<{
      services: { running: number }[];
      containers?: { health: string }[];
    }>();
    expect(status.services[0]!.running).toBe(1);
  });

  test('7: health through API, VPC link, load balancer and container', async () => {
    const health = await ask(`${api}/api/health`);
    expect(health.status).toBe(200);
    expect(health.body).toMatchObject({
      status: 'ok',
      env: 'aws',
      region: 'us-east-1',
      checks: { conversations: 'ok', tenants: 'ok' },
    });
    expect((await ask(`${api}/health`)).body).toEqual({ status: 'ok' });
  });

  test("7: the image's own health check reports healthy", async () => {
    const until = Date.now() + 90_000;
    let states: string[] = [];
    while (!states.some((state) => state.includes('(healthy)')) && Date.now() < until) {
      states = await containerStates(sandbox.home, 'dev');
      await sleep(1_000);
    }
    expect(states).toHaveLength(1);
    expect(states[0]).toContain('(healthy)');
  });
});

describe('conversations', () => {
  const session = `s-${randomUUID()}`;

  test('8: the sprint question is answered with the figures of Jira', async () => {
    const answer = await ask(`${api}/api/chat`, {
      json: { message: 'what is the sprint status?', session_id: session },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      session_id: session,
      tenant_id: 'default',
      tools_used: ['jira.sprint_status'],
    });
    for (const figure of jira.figures) expect(String(answer.body['response'])).toContain(figure);
  });

  test('10: a second message knows the first; key and expiry are as specified', async () => {
    const answer = await ask(`${api}/api/chat`, { json: { message: 'what did I ask before?', session_id: session } });
    expect(String(answer.body['response'])).toContain('what is the sprint status?');
    const { Item } = await aws.dynamo.send(
      new GetCommand({ TableName: 't3nets-dev-conversations', Key: { pk: 'default#channel#anonymous', sk: session } }),
    );
    expect(JSON.parse(Item!['messages'] as string)).toHaveLength(4);
    expect(Math.abs(Number(Item!['ttl']) - (Date.now() / 1000 + 2_592_000))).toBeLessThan(60);
  });

  test('11: an expired conversation is absent at once and removed later', async () => {
    const sk = `s-${randomUUID()}`;
    const key = { pk: 'default#channel#anonymous', sk };
    await aws.dynamo.send(
      new PutCommand({
        TableName: 't3nets-dev-conversations',
        Item: {
          ...key,
          messages: JSON.stringify([{ role: 'user', content: 'old', at: '2020-01-01T00:00:00Z' }]),
          updated_at: '2020-01-01T00:00:00Z',
          ttl: Math.floor(Date.now() / 1000) - 60,
        },
      }),
    );
    expect((await ask(`${api}/api/conversations/${sk}`)).status).toBe(404);
    const until = Date.now() + 180_000;
    let left: unknown = true;
    while (left !== undefined && Date.now() < until) {
      await sleep(2_000);
      left = (await aws.dynamo.send(new GetCommand({ TableName: 't3nets-dev-conversations', Key: key }))).Item;
    }
    expect(left).toBeUndefined();
  });
});

describe('tenants', () => {
  let admin: Record<string, string>;
  const signed = (body: string, secret: string) => ({
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-channel-signature': createHmac('sha256', secret).update(body).digest('hex'),
    },
    body,
  });

  test('12: the admin API makes a tenant, a channel and an integration; a signed webhook finds the tenant', async () => {
    admin = { authorization: `Bearer ${await secretKey('default/admin-api')}` };
    for (const tenant of ['a', 'b']) {
      expect(
        (
          await ask(`${api}/api/admin/tenants`, {
            headers: admin,
            json: { tenant_id: tenant, name: `Tenant ${tenant}`, settings: {} },
          })
        ).status,
      ).toBe(201);
      const key = await ask(`${api}/api/admin/tenants/${tenant}/integrations/api-key`, {
        headers: admin,
        json: { values: { key: `key-of-${tenant}-0123456789abcdef` } },
      });
      expect(key.status).toBe(201);
    }
    expect(
      (await ask(`${api}/api/admin/tenants`, { headers: admin, json: { tenant_id: 'a', name: 'again', settings: {} } }))
        .status,
    ).toBe(409);
    const channel = await ask(`${api}/api/admin/tenants/a/channels`, {
      headers: admin,
      json: { channel_type: 'chat', id: 'room-1', settings: {}, signing_secret: 'shhh-0123456789abcdef' },
    });
    expect(channel.status).toBe(201);
    const listed = await ask(`${api}/api/admin/tenants/a/integrations`, { headers: admin });
    expect(listed.body).toEqual({ integrations: ['api-key', 'channel-chat-room-1'] });

    const body = JSON.stringify({ user_id: 'u1', text: 'hello' });
    expect((await ask(`${api}/api/channels/chat/room-1/webhook`, signed(body, 'shhh-0123456789abcdef'))).status).toBe(
      200,
    );
    expect((await ask(`${api}/api/channels/chat/room-1/webhook`, signed(body, 'wrong'))).status).toBe(401);
    expect((await ask(`${api}/api/channels/chat/nowhere/webhook`, signed(body, 'shhh-0123456789abcdef'))).status).toBe(
      404,
    );
  });

  test('13: one tenant never reads another; wrong keys are refused; values never come back', async () => {
    const key = (tenant: string) => ({ authorization: `Bearer key-of-${tenant}-0123456789abcdef` });
    const session = `s-${randomUUID()}`;
    const said = await ask(`${api}/api/chat`, {
      headers: key('b'),
      json: { message: 'a secret of b', session_id: session, user_id: 'u1' },
    });
    expect(said.body).toMatchObject({ tenant_id: 'b' });
    expect((await ask(`${api}/api/conversations/${session}?user_id=u1`, { headers: key('b') })).status).toBe(200);
    expect((await ask(`${api}/api/conversations/${session}?user_id=u1`, { headers: key('a') })).status).toBe(404);
    expect((await ask(`${api}/api/conversations/${session}?user_id=u1`)).status).toBe(404);
    expect((await ask(`${api}/api/admin/tenants`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await ask(`${api}/api/admin/tenants/b/integrations`, { headers: key('a') })).status).toBe(401);
    const logs = await sandbox.ok(['logs', 't3nets', 'dev', '--tail', '500'], { env });
    for (const secret of [
      'key-of-a-',
      'key-of-b-',
      'shhh-',
      jira.apiToken,
      await secretKey('default/admin-api'),
      'a secret of b',
    ]) {
      expect(logs.stdout).not.toContain(secret);
    }
    expect(logs.stdout).toContain('"tenant_id":"b"');
  });

  test('14: preflight, empty message, unknown path, oversize body', async () => {
    const preflight = await fetch(`${api}/api/chat`, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.com', 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(
      preflight.headers
        .get('access-control-allow-methods')!
        .split(',')
        .map((method) => method.trim())
        .sort(),
    ).toEqual(['GET', 'OPTIONS', 'POST']);
    expect((await ask(`${api}/api/chat`, { json: { message: '' } })).status).toBe(400);
    const unknown = await ask(`${api}/no/such/path`);
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    const large = await ask(`${api}/api/chat`, { json: { message: 'x'.repeat(300 * 1024) } });
    expect(large.status).toBe(413);
  });
});

describe('the gate and other bad luck', () => {
  const lock = join(sandbox.home, 'locks/t3nets/dev.images.json');

  test('with the lock gone, every way in refuses before any write and names what would go', async () => {
    renameSync(lock, `${lock}.away`);
    try {
      const before = await stateText();
      for (const command of [['plan'], ['deploy'], ['deploy', '--images-ready', 'false']]) {
        const refused = await sandbox.sluice([...command.slice(0, 1), 't3nets', 'dev', ...command.slice(1)], { env });
        expect(refused.exitCode).toBe(1);
        expect(refused.stderr).toContain('would close on a live environment');
        expect(refused.stderr).toMatch(/aws_ecs_service\.\S+/);
      }
      // Plain CDKTF and the plain engine meet the same refusal in the plan itself.
      await sandbox.sluice(['plan', 't3nets', 'dev'], { env });
      const plain = await tofu(['plan', '-input=false', '-no-color']);
      expect(plain.exitCode).not.toBe(0);
      expect(plain.stdout + plain.stderr).toMatch(/aws_ecs_service/);
      const deployed = await cdktf('deploy', 't3nets-dev', '--auto-approve');
      expect(deployed.exitCode).not.toBe(0);
      expect(deployed.all).toMatch(/would close on a live environment[\s\S]*aws_ecs_service/);
      expect(await stateText()).toBe(before);
    } finally {
      renameSync(`${lock}.away`, lock);
    }
  });

  test('plain cdktf works under the variables of env, and changes nothing', async () => {
    const diff = await cdktf('diff', 't3nets-dev');
    expect(diff.all).toMatch(/No changes/);
    const deployed = await cdktf('deploy', 't3nets-dev', '--auto-approve');
    expect({ exitCode: deployed.exitCode, tail: deployed.all.slice(-2000) }).toMatchObject({ exitCode: 0 });
  });

  test('15: a changed image rolls out without a failed request; rollback brings the old bytes back', async () => {
    const digests = async () =>
      (await sandbox.ok(['images', 'status', 't3nets', 'dev', '--json'], { env })).json<{
        services: Record<string, { digest: string }>;
      }>().services['router']!.digest;
    const before = await digests();
    const load = steadyLoad(`${api}/health`, 20);
    await sandbox.ok(['images', 'push', 't3nets', 'dev', '--build-arg', 'RELEASE=second'], { env });
    await sandbox.ok(['deploy', 't3nets', 'dev'], { env });
    expect(await digests()).not.toBe(before);
    await sandbox.ok(['rollback', 't3nets', 'dev'], { env });
    expect(await digests()).toBe(before);
    const { requests, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(50);
  });

  test('15: a broken image fails the deploy with its reasons, and the old task stays', async () => {
    // A value that the router refuses at start: every task of it exits at once.
    await sandbox.ok(['images', 'push', 't3nets', 'dev', '--build-arg', 'LOG_LEVEL=nonsense'], { env });
    const failed = await sandbox.sluice(['deploy', 't3nets', 'dev'], { env });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/did not become stable/);
    expect((await ask(`${api}/health`)).status).toBe(200);
    await sandbox.ok(['rollback', 't3nets', 'dev'], { env });
    expect((await sandbox.ok(['plan', 't3nets', 'dev', '--json'], { env })).json<{ changes: number }>().changes).toBe(
      0,
    );
  });
});
