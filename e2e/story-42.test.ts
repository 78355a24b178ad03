/**
 * Story-42 end to end: the acceptance list of its requirements on a local cloud of its own, with real applies, real
 * containers behind real tokens, and real clients. The tests build on each other, in this order; numbers in names are those
 * of the list. Outside services (model, Google, speech, search) are stand-ins; what only AWS can show is in docs/fidelity.md.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminInitiateAuthCommand,
  AdminRespondToAuthChallengeCommand,
  AdminSetUserPasswordCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { DescribeServicesCommand } from '@aws-sdk/client-ecs';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { execa } from 'execa';
import { inventory, setFaults } from '../scripts/local/client';
import { ConsoleReporter } from '../scripts/console/reporter';
import { ensureEnvironment, programOf } from '../scripts/toolchain/python';
import { accessibilityFindings } from './support/accessibility';
import { clientsOf } from './support/aws';
import { openChromium, screenshot, type Chromium } from './support/browser';
import { copyCheckout } from './support/checkout';
import { containerStates } from './support/containers';
import { ask } from './support/http';
import { startModel, type Model } from './support/model';
import { openSandbox } from './support/sandbox';
import { plainStory, storyModel } from './support/story-model';
import { StoryPage } from './support/story-page';
import { startStoryProviders, type StoryProviders } from './support/story-providers';

const NAME = 'story-42-west';
const sandbox = openSandbox('story-42');
Object.assign(process.env, { SLUICE_HOME: sandbox.home, SLUICE_PORT: String(sandbox.port) });
const aws = clientsOf(sandbox.port, 'dev', 'us-west-2');

const keys = { google: `google-canary-${randomUUID()}`, speech: `speech-canary-${randomUUID()}` };
const passwords = { temporary: 'First-Password-42!', lasting: 'Lasting-Password-42!' };
const env: Record<string, string> = {
  STORY42_ADMIN_TEMP_PASSWORD: passwords.temporary,
  STORY42_ADMIN_PASSWORD: passwords.lasting,
  STORY42_GOOGLE_API_KEY: keys.google,
  STORY42_TTS_API_KEY: keys.speech,
};
const script = storyModel();
let model: Model;
let providers: StoryProviders;
let empty: string[];
let outputs: Record<string, string>;
/** ID tokens. */
const tokens = { admin: '', author: '', stranger: '' };

interface Plan {
  readonly phase: number;
  readonly changes: number;
  readonly create: string[];
  readonly update: string[];
  readonly replace: string[];
  readonly destroy: string[];
  readonly waiting: { readonly services: string[] };
}

beforeAll(async () => {
  model = await startModel({ reply: script.reply });
  providers = await startStoryProviders(keys);
  env['SLUICE_BEDROCK_PROXY_URL'] = model.url;
  settings({});
});

afterAll(async () => {
  await sandbox.end();
  await Promise.all([model?.stop(), providers?.stop()]);
});

/** What this rehearsal sets otherwise than the repository. */
function settings(changes: Record<string, unknown>): void {
  mkdirSync(sandbox.home, { recursive: true });
  writeFileSync(
    join(sandbox.home, 'settings.json'),
    JSON.stringify({ 'story-42': { dev: { ...providers.settings, ...changes } } }),
  );
}

const sluice = (args: string[], exitCode = 0) => sandbox.ok(args, { env, exitCode });
const plan = async (exitCode: number): Promise<Plan> =>
  (await sluice(['plan', 'story-42', 'dev', '--json'], exitCode)).json<Plan>();
const deploy = async (): Promise<void> => {
  const run = await sluice(['deploy', 'story-42', 'dev', '--json']);
  outputs = run.json<{ outputs: Record<string, string> }>().outputs;
};

interface Call {
  readonly token?: string;
  readonly method?: string;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
}

/** One request to the story API, by default as the author. */
async function call<T = Record<string, unknown>>(path: string, { token = tokens.author, ...init }: Call = {}) {
  const headers = { ...(token === '' ? {} : { authorization: token }), ...init.headers };
  return ask<T>(`${outputs['api_endpoint']}${path}`, { ...init, headers });
}

interface Segment {
  readonly segment_id: string;
  readonly text: string;
  readonly image_key: string | null;
  readonly image_url?: string;
  readonly audio_key: string | null;
  readonly revision: number;
}

interface Session {
  readonly session_id: string;
  readonly status: string;
  readonly revision: number;
  readonly segments: Segment[];
  readonly error: { code: string } | null;
}

const session = async (id: string): Promise<Session> => (await call<Session>(`/sessions/${id}`)).body;

/** Polls until the session's background work is over. */
async function settled(id: string): Promise<Session> {
  const until = Date.now() + 120_000;
  for (;;) {
    const found = await session(id);
    if (found.status !== 'pending' || Date.now() > until) return found;
    await sleep(500);
  }
}

async function objectKeys(prefix: string): Promise<string[]> {
  const { Contents } = await aws.s3.send(
    new ListObjectsV2Command({ Bucket: `${NAME}-story-images-dev`, Prefix: prefix }),
  );
  return (Contents ?? []).map(({ Key }) => Key!).sort();
}

async function logLines(group: string): Promise<string[]> {
  const { events } = await aws.logs.send(new FilterLogEventsCommand({ logGroupName: group, limit: 10_000 }));
  return (events ?? []).map(({ message }) => message ?? '');
}

/** Makes a user with a lasting password and signs in. */
async function signedIn(email: string, groups: readonly string[]): Promise<string> {
  const pool = { UserPoolId: outputs['cognito_user_pool_id']!, Username: email };
  await aws.cognito.send(
    new AdminCreateUserCommand({
      ...pool,
      MessageAction: 'SUPPRESS',
      UserAttributes: [
        { Name: 'email', Value: email },
        { Name: 'email_verified', Value: 'true' },
      ],
    }),
  );
  for (const GroupName of groups) await aws.cognito.send(new AdminAddUserToGroupCommand({ ...pool, GroupName }));
  const Password = 'Author-Password-42!';
  await aws.cognito.send(new AdminSetUserPasswordCommand({ ...pool, Password, Permanent: true }));
  const { AuthenticationResult } = await aws.cognito.send(
    new AdminInitiateAuthCommand({
      UserPoolId: pool.UserPoolId,
      ClientId: outputs['cognito_client_id']!,
      AuthFlow: 'ADMIN_USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: Password },
    }),
  );
  return AuthenticationResult!.IdToken!;
}

describe('two phases', () => {
  test('1, 2: phase 1 applies from empty, and a second plan is empty', async () => {
    await sluice(['bootstrap', 'dev']);
    empty = await inventory('dev');
    const first = await plan(2);
    expect(first.phase).toBe(1);
    expect(first.waiting.services).toEqual(['data-ops', 'story-generator', 'story-image-regen', 'story-text-regen']);
    expect(first.create.filter((address) => address.startsWith('aws_ecr_repository.'))).toHaveLength(4);
    expect(first.create.filter((address) => /lambda|api_gateway|ecs_|aws_lb/.test(address))).toEqual([]);
    await deploy();
    expect(Object.keys(outputs)).toEqual(
      expect.arrayContaining(['cognito_user_pool_id', 's3_bucket_name', 'lambda_ecr_repository_url']),
    );
    expect(outputs).not.toHaveProperty('api_endpoint');
    expect((await plan(0)).changes).toBe(0);
    expect(await inventory('dev')).toEqual(
      expect.arrayContaining([expect.stringContaining(`${NAME}-story-sessions-dev`)]),
    );
  });

  test('3: with one image missing phase 2 is refused by name', async () => {
    const three = ['story-text-regen', 'story-image-regen', 'data-ops'];
    await sluice(['images', 'push', 'story-42', 'dev', '--service', ...three]);
    const refused = await sandbox.sluice(['deploy', 'story-42', 'dev', '--images-ready', 'true'], { env });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('story-generator');
    for (const service of three) expect(refused.stderr).not.toMatch(new RegExp(`- .*${service}`));
    const { ready } = (await sluice(['images', 'status', 'story-42', 'dev', '--json'])).json<{ ready: boolean }>();
    expect(ready).toBe(false);
  });

  test('3: with four it applies, and changes only the distribution of phase 1', async () => {
    await sluice(['images', 'push', 'story-42', 'dev']);
    const second = await plan(2);
    expect(second.phase).toBe(2);
    expect(second.update).toEqual([expect.stringMatching(/^aws_cloudfront_distribution\./)]);
    expect([...second.replace, ...second.destroy]).toEqual([]);
    const up = await sluice(['up', 'story-42', 'dev', '--no-smoke', '--json']);
    outputs = up.json<{ outputs: Record<string, string> }>().outputs;
    expect((await plan(0)).changes).toBe(0);
    const again = (await sluice(['up', 'story-42', 'dev', '--no-smoke', '--json'])).json<{ changes: number }>();
    expect(again.changes).toBe(0);
  });
});

describe('sign-in', () => {
  test('5: the administrator chooses a password at the first sign-in, and gets an ID token then', async () => {
    const place = { UserPoolId: outputs['cognito_user_pool_id']!, ClientId: outputs['cognito_client_id']! };
    const signIn = (PASSWORD: string) =>
      aws.cognito.send(
        new AdminInitiateAuthCommand({
          ...place,
          AuthFlow: 'ADMIN_NO_SRP_AUTH',
          AuthParameters: { USERNAME: 'admin@example.com', PASSWORD },
        }),
      );
    await expect(signIn('wrong')).rejects.toThrow(/Incorrect username or password/);
    const first = await signIn(passwords.temporary);
    expect(first.ChallengeName).toBe('NEW_PASSWORD_REQUIRED');
    await aws.cognito.send(
      new AdminRespondToAuthChallengeCommand({
        ...place,
        ChallengeName: 'NEW_PASSWORD_REQUIRED',
        Session: first.Session,
        ChallengeResponses: { USERNAME: 'admin@example.com', NEW_PASSWORD: passwords.lasting },
      }),
    );
    const { AuthenticationResult } = await signIn(passwords.lasting);
    tokens.admin = AuthenticationResult!.IdToken!;
    const claims = JSON.parse(Buffer.from(tokens.admin.split('.')[1]!, 'base64url').toString()) as Record<
      string,
      unknown
    >;
    expect(claims).toMatchObject({ token_use: 'id', email: 'admin@example.com' });
    expect(claims['cognito:groups']).toEqual(expect.arrayContaining(['admin', 'author']));
    tokens.author = await signedIn('author@example.com', ['author']);
    tokens.stranger = await signedIn('stranger@example.com', []);
  });

  test('seeding again keeps everything, and up finds the system in order', async () => {
    const { items } = (await sluice(['seed', 'story-42', 'dev', '--json'])).json<{ items: { result: string }[] }>();
    expect(items.map(({ result }) => result)).toEqual(items.map(() => 'kept'));
    await sluice(['smoke', 'story-42', 'dev']);
  });
});

describe('the story API', () => {
  const unknown = randomUUID();
  const cases: [string, object, object][] = [
    ['/generate-topics-ideas', { count: 3 }, { count: 0 }],
    ['/generate-story-outline', { topic: 'a lamp' }, {}],
    ['/generate-story', { topic: 'a lamp', segment_count: 2 }, { topic: 'a lamp', segment_count: 21 }],
    ['/regenerate-segment', { session_id: unknown, segment_id: unknown }, { session_id: 'x' }],
    ['/generate-story-image', { session_id: unknown }, { session_id: unknown, size: '1x1' }],
    ['/regenerate-segment-image', { session_id: unknown, segment_id: unknown }, {}],
  ];
  let id: string;

  test.each(cases)('6: %s wants a token, a group and a valid body', async (path, good, bad) => {
    expect((await call(path, { token: '', json: good })).status).toBe(401);
    expect((await call(path, { token: 'nonsense', json: good })).status).toBe(401);
    const forbidden = await call(path, { token: tokens.stranger, json: good });
    expect(forbidden).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
    const invalid = await call(path, { json: bad });
    expect(invalid).toMatchObject({ status: 400, body: { error: { code: 'validation_error' } } });
    const text = await call(path, { method: 'POST', headers: { 'content-type': 'application/json' } });
    expect(text.status).toBe(400);
  });

  test('7: topics, outline, story and images leave one complete item, its file and a picture for each segment', async () => {
    const ideas = await call<{ topics: object[]; version: string }>('/generate-topics-ideas', { json: { count: 3 } });
    expect(ideas.status).toBe(200);
    expect(ideas.body.topics).toHaveLength(3);
    expect(ideas.body.version).toMatch(/^\d+\.\d+\.\d+/);
    const outlined = await call<{ session_id: string; outline: { segments: object[] } }>('/generate-story-outline', {
      json: { topic: 'a lamp that wants to see the sea', segment_count: 3, genre: 'adventure' },
    });
    expect(outlined.status).toBe(200);
    expect(outlined.body.outline.segments).toHaveLength(3);
    id = outlined.body.session_id;
    const story = await call<{ status: string; story: { segments: Segment[] }; usage: object }>('/generate-story', {
      json: { session_id: id },
    });
    expect(story).toMatchObject({
      status: 200,
      body: { session_id: id, status: 'complete', story_key: `stories/${id}/story.json` },
    });
    expect(story.body.story.segments).toHaveLength(3);
    const drawn = await call<{ images: { key: string; url: string }[]; failed: object[] }>('/generate-story-image', {
      json: { session_id: id, style: 'watercolour' },
    });
    expect(drawn.status).toBe(200);
    expect(drawn.body.failed).toEqual([]);
    expect(drawn.body.images).toHaveLength(3);
    // The link works as it is, without any token.
    const picture = await fetch(drawn.body.images[0]!.url);
    expect(
      Buffer.from(await picture.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    expect(providers.google.at(-1)!.headers['x-goog-api-key']).toBe(keys.google);

    const { Item } = await aws.dynamo.send(
      new GetCommand({ TableName: `${NAME}-story-sessions-dev`, Key: { session_id: id } }),
    );
    expect(Item).toMatchObject({ status: 'complete', genre: 'adventure', story_key: `stories/${id}/story.json` });
    expect(await objectKeys(`images/${id}/`)).toHaveLength(3);
    const { Body } = await aws.s3.send(
      new GetObjectCommand({ Bucket: `${NAME}-story-images-dev`, Key: `stories/${id}/story.json` }),
    );
    expect(JSON.parse(await Body!.transformToString())).toMatchObject({ title: 'The lamp and the sea' });
  });

  test('8: regenerating changes exactly one segment; a new image tells the previous key', async () => {
    const before = await session(id);
    const chosen = before.segments[1]!;
    const text = await call<{ segment: Segment; revision: number }>('/regenerate-segment', {
      json: { session_id: id, segment_id: chosen.segment_id, instruction: 'more wind' },
    });
    expect(text.status).toBe(200);
    expect(text.body.segment.text).toContain('more wind');
    const after = await session(id);
    expect(after.revision).toBeGreaterThan(before.revision);
    const changed = after.segments.filter((segment, index) => segment.revision !== before.segments[index]!.revision);
    expect(changed.map(({ segment_id }) => segment_id)).toEqual([chosen.segment_id]);
    for (const index of [0, 2]) expect(after.segments[index]!.text).toBe(before.segments[index]!.text);

    const image = await call<{ image: { key: string }; previous_key: string }>('/regenerate-segment-image', {
      json: { session_id: id, segment_id: chosen.segment_id },
    });
    expect(image.status).toBe(200);
    expect(image.body.previous_key).toBe(chosen.image_key);
    expect(image.body.image.key).not.toBe(chosen.image_key);
    expect(await objectKeys(`images/${id}/${chosen.segment_id}/`)).toHaveLength(2);
  });

  test('7: a refused picture is told for its segment; when all fail the answer is 502', async () => {
    const story = await call<{ session_id: string; failed?: { segment_id: string }[] }>('/generate-story', {
      json: { topic: 'pictures that may not be', segment_count: 2, with_images: true },
    });
    expect(story).toMatchObject({ status: 200 });
    providers.refusedPrompt = 'picture 1';
    const other = (await call<{ session_id: string }>('/generate-story', { json: { topic: 'x', segment_count: 2 } }))
      .body;
    const some = await call<{ images: object[]; failed: { code: string }[] }>('/generate-story-image', {
      json: { session_id: other.session_id },
    });
    expect(some.status).toBe(200);
    expect(some.body.images).toHaveLength(1);
    expect(some.body.failed).toMatchObject([{ code: 'image_provider_error' }]);
    providers.refusedPrompt = 'picture';
    const third = (await call<{ session_id: string }>('/generate-story', { json: { topic: 'y', segment_count: 2 } }))
      .body;
    const none = await call('/generate-story-image', { json: { session_id: third.session_id } });
    expect(none).toMatchObject({ status: 502, body: { error: { code: 'image_provider_error' } } });
    expect(none.text).not.toContain(keys.google);
    providers.refusedPrompt = undefined;
  });

  test('9: a model that answers plain text still gives a stored story', async () => {
    script.mode = 'plain text';
    const story = await call<{ session_id: string; story: { segments: Segment[] } }>('/generate-story', {
      json: { topic: 'a lamp', segment_count: 3 },
    });
    script.mode = 'story';
    expect(story.status).toBe(200);
    const kept = (await session(story.body.session_id)).segments.map(({ text }) => text).join('\n\n');
    for (const paragraph of plainStory.split('\n\n')) expect(kept).toContain(paragraph);
  });

  test('10: in the background: 202 at once and complete later; with a failing model failed, and why', async () => {
    script.delayMs = 1_500;
    const accepted = await call<{ session_id: string; job_id: string }>('/generate-story', {
      json: { topic: 'slow', segment_count: 2, async: true },
    });
    expect(accepted).toMatchObject({ status: 202, body: { status: 'pending' } });
    expect(accepted.body.job_id).toMatch(/^[0-9a-f-]{36}$/);
    // The model has not answered yet.
    expect((await session(accepted.body.session_id)).status).toBe('pending');
    script.delayMs = 0;
    expect((await settled(accepted.body.session_id)).status).toBe('complete');
    await setFaults('dev', [{ service: 'bedrock', kind: 'error', status: 500 }]);
    try {
      const doomed = await call<{ session_id: string }>('/generate-story', { json: { topic: 'no', async: true } });
      const failed = await settled(doomed.body.session_id);
      expect(failed).toMatchObject({ status: 'failed', error: { code: 'model_error' } });
      const answer = await call('/generate-story', { json: { topic: 'no' } });
      expect(answer).toMatchObject({ status: 502, body: { error: { code: 'model_error' } } });
      await setFaults('dev', [{ service: 'bedrock', kind: 'throttle' }]);
      const busy = await call('/generate-story', { json: { topic: 'no' } });
      expect(busy).toMatchObject({ status: 429, body: { error: { code: 'throttled' } } });
    } finally {
      await setFaults('dev', []);
    }
  });

  test("11: another user's session is not found, whatever is asked of it", async () => {
    const token = tokens.admin;
    const { segments } = await session(id);
    const segment_id = segments[0]!.segment_id;
    const answers = await Promise.all([
      call(`/sessions/${id}`, { token }),
      call(`/sessions/${id}`, { token, method: 'PUT', json: { revision: 1, title: 'mine' } }),
      call(`/sessions/${id}`, { token, method: 'DELETE' }),
      call('/regenerate-segment', { token, json: { session_id: id, segment_id } }),
      call('/generate-story', { token, json: { session_id: id } }),
      call('/generate-story-image', { token, json: { session_id: id } }),
      call('/regenerate-segment-image', { token, json: { session_id: id, segment_id } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    expect(answers.map(({ body }) => (body as { error: { code: string } }).error.code)).toEqual(
      answers.map(() => 'session_not_found'),
    );
  });

  test('own sessions: listed newest first, saved with the right revision only, deleted with all that is theirs', async () => {
    const page = await call<{ sessions: Session[]; next_cursor: string }>('/sessions?limit=2');
    expect(page.body.sessions).toHaveLength(2);
    const next = await call<{ sessions: Session[] }>(
      `/sessions?limit=2&cursor=${encodeURIComponent(page.body.next_cursor)}`,
    );
    const seen = [...page.body.sessions, ...next.body.sessions];
    expect(new Set(seen.map(({ session_id }) => session_id)).size).toBe(4);
    const times = seen.map((item) => (item as unknown as { updated_at: string }).updated_at);
    expect(times).toEqual([...times].sort().reverse());

    const { revision } = await session(id);
    const put = (json: object) => call(`/sessions/${id}`, { method: 'PUT', json });
    expect(await put({ revision, title: 'My lamp' })).toMatchObject({ status: 200, body: { title: 'My lamp' } });
    expect(await put({ revision, title: 'Too late' })).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict' } },
    });
    const made = (
      await call<{ session_id: string }>('/generate-story', { json: { topic: 'gone soon', segment_count: 1 } })
    ).body;
    expect((await call(`/sessions/${made.session_id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await call(`/sessions/${made.session_id}`)).status).toBe(404);
    expect(await objectKeys(`stories/${made.session_id}/`)).toEqual([]);
  });

  test('direct invocation answers as the route does', async () => {
    const payload = { action: 'list-sessions', body: {}, principal: { sub: 'nobody', groups: ['author'] } };
    const { Payload } = await aws.lambda.send(
      new InvokeCommand({ FunctionName: `${NAME}-data-ops-dev`, Payload: Buffer.from(JSON.stringify(payload)) }),
    );
    expect(JSON.parse(Buffer.from(Payload!).toString())).toMatchObject({ statusCode: 200, body: { sessions: [] } });
  });

  test('4: functions and agent run in real containers', async () => {
    const { services } = await aws.ecs.send(
      new DescribeServicesCommand({ cluster: `${NAME}-ecs-cluster-dev`, services: ['story-generator'] }),
    );
    expect(services![0]).toMatchObject({ runningCount: 1, desiredCount: 1 });
    expect((await containerStates(sandbox.home, 'dev')).length).toBeGreaterThanOrEqual(4);
    const health = await ask(`${outputs['ecs_service_endpoint']}/health`);
    expect(health).toMatchObject({ status: 200, body: { status: 'ok', service: 'story-42-agent' } });
  });

  describe('the agent', () => {
    const agent = (path: string, init: Call = {}) => {
      const { token = tokens.author, ...rest } = init;
      const headers = { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...init.headers };
      return ask(`${outputs['cloudfront_domain_name']}/agent${path}`, { ...rest, headers });
    };
    let conversation: string;

    test('12: uses search, story API and a function in one conversation', async () => {
      expect((await agent('/chat', { token: '', json: { message: 'hello' } })).status).toBe(401);
      expect((await agent('/chat', { token: tokens.stranger, json: { message: 'hello' } })).status).toBe(403);
      expect((await agent('/chat', { json: { message: '' } })).status).toBe(400);
      const steps = [
        'web_search {"query":"lamps"}',
        'story_api {"route":"POST /generate-story","body":{"topic":"a lamp","segment_count":2}}',
        'load_session {}',
        'regenerate_text {"segment_id":"$segment","instruction":"calmer"}',
      ];
      const answer = await agent('/chat', { json: { message: `do: ${steps.join(' ; ')}` } });
      expect(answer.status).toBe(200);
      const { tools_used, reply, story, session_id } = answer.body as {
        tools_used: { name: string; ok: boolean; ms: number }[];
        reply: string;
        story: Session;
        session_id: string;
      };
      expect(tools_used.map(({ name, ok }) => [name, ok])).toEqual([
        ['web_search', true],
        ['story_api', true],
        ['load_session', true],
        ['regenerate_text', true],
      ]);
      expect(reply).toContain('https://example.org/lamps');
      expect(story.segments.map(({ text }) => text).join()).toContain('calmer');
      conversation = session_id;
      const later = await agent('/chat', { json: { message: 'do: ', session_id } });
      expect((later.body as { reply: string }).reply).toContain('EARLIER 1');
      expect((await agent(`/sessions/${session_id}`)).status).toBe(200);
      expect((await agent(`/sessions/${session_id}`, { token: tokens.admin })).status).toBe(404);
    });

    test('12: as a stream through CloudFront: tools as they run, words as they come', async () => {
      const response = await fetch(`${outputs['cloudfront_domain_name']}/agent/chat`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tokens.author}`,
          'content-type': 'application/json',
          accept: 'text/event-stream',
        },
        body: JSON.stringify({ message: 'do: web_search {"query":"sea"}', session_id: conversation }),
      });
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      const events = [...(await response.text()).matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
      expect(events.slice(0, 2)).toEqual(['tool', 'tool']);
      expect(events).toContain('token');
      expect(events.at(-1)).toBe('done');
    });

    test('13: speech is kept as an MP3 and asked for with the configured key', async () => {
      const { segments } = await session(id);
      const segment_id = segments[0]!.segment_id;
      const spoken = await agent('/tts', { json: { session_id: id, segment_id } });
      expect(spoken).toMatchObject({
        status: 200,
        body: { key: `audio/${id}/${segment_id}.mp3`, content_type: 'audio/mpeg' },
      });
      const { ContentType } = await aws.s3.send(
        new HeadObjectCommand({ Bucket: `${NAME}-story-images-dev`, Key: `audio/${id}/${segment_id}.mp3` }),
      );
      expect(ContentType).toBe('audio/mpeg');
      expect(providers.speech.at(-1)!.headers['x-api-key']).toBe(keys.speech);
      expect((await session(id)).segments[0]!.audio_key).toBe(`audio/${id}/${segment_id}.mp3`);
      expect((await agent('/tts', { json: { text: 'x'.repeat(5001) } })).status).toBe(400);
    });
  });
});

describe('the page, in a real browser', () => {
  let chromium: Chromium;

  beforeAll(async () => {
    chromium = await openChromium();
  });
  afterAll(() => chromium.close());

  test('an author signs in for the first time and makes an illustrated story', async () => {
    const temporary = 'Temporary-42!';
    const email = 'new-author@example.com';
    const pool = { UserPoolId: outputs['cognito_user_pool_id']!, Username: email };
    await aws.cognito.send(
      new AdminCreateUserCommand({
        ...pool,
        TemporaryPassword: temporary,
        MessageAction: 'SUPPRESS',
        UserAttributes: [
          { Name: 'email', Value: email },
          { Name: 'email_verified', Value: 'true' },
        ],
      }),
    );
    await aws.cognito.send(new AdminAddUserToGroupCommand({ ...pool, GroupName: 'author' }));

    const { page, mistakes } = await chromium.page();
    const story = new StoryPage(page, outputs['cloudfront_domain_name']!);
    await story.open();
    await expect(story.signIn(email, 'Wrong-Password-42!')).rejects.toThrow();
    expect(await story.signIn(email, temporary)).toBe('new password required');
    await story.setNewPassword('Chosen-Password-42!');
    await story.writeTopic({ topic: 'a lamp that wants to see the sea', genre: 'adventure', segments: 3 });
    expect(await story.makeOutline()).toEqual(['Part 1', 'Part 2', 'Part 3']);
    const segments = await story.makeStory({ words: 60 });
    expect(segments).toHaveLength(3);
    for (const { image } of segments) expect(image).toMatch(/^http:.*X-Amz-Signature=/);
    await screenshot(page, 'story-42-story');
    expect(await accessibilityFindings(page)).toEqual([]);
    expect((await story.rewrite(2, 'more wind')).text).toContain('more wind');
    const before = (await story.segments())[0]!.image;
    expect((await story.renewImage(1, 'at night')).image).not.toBe(before);
    expect(await story.speak(1)).toMatch(/^http:.*\.mp3/);
    await story.openAgent();
    const { reply, steps } = await story.askAgent('do: web_search {"query":"lamps"}');
    expect(steps).toHaveLength(1);
    expect(reply).toContain('DONE 1');
    await screenshot(page, 'story-42-agent');
    expect(await story.openShelf()).toContain('The lamp and the sea');
    await screenshot(page, 'story-42-shelf');
    await story.deleteStory('The lamp and the sea');
    await story.signOut();
    expect(mistakes).toEqual([]);
    await page.context().close();
  });
});

describe('the API reference', () => {
  test.each([
    ['openapi.yaml', 'api_endpoint', 12],
    ['agent.openapi.yaml', 'ecs_service_endpoint', 8],
  ])('schemathesis finds the running API to be as %s says', async (file, output, examples) => {
    const tool = await ensureEnvironment(new ConsoleReporter(), 'schemathesis');
    const { exitCode, all } = await execa(
      programOf(tool, 'schemathesis'),
      [
        ...['--config-file', join(sandbox.root, 'e2e/support/schemathesis.toml'), 'run'],
        join(sandbox.root, 'docs/story-42', file),
        ...['--url', outputs[output]!, '--header', `Authorization: ${tokens.author}`],
        // Deterministic, and small: every call runs in a real container.
        ...['--seed', '42', '--generation-deterministic', '--max-examples', String(examples), '--workers', '1'],
        // API Gateway answers a method that is not there itself, with 404 here and 403 by default, never with 405.
        ...['--checks', 'all', '--exclude-checks', 'unsupported_method'],
        ...['--phases', 'examples,coverage,fuzzing', '--max-failures', '20', '--no-color'],
      ],
      { reject: false, all: true, cwd: sandbox.home },
    );
    expect({ exitCode, tail: exitCode === 0 ? '' : all.slice(-6_000) }).toEqual({ exitCode: 0, tail: '' });
  });
});

describe('a new route', () => {
  test('is a line of data, its shape and a handler: it answers after one deploy, and the next plan is empty', async () => {
    const checkout = copyCheckout();
    const run = async (args: string[], exitCode = 0): Promise<void> => {
      const options = { cwd: checkout.root, env: { ...sandbox.env, ...env }, reject: false, all: true } as const;
      const result = await execa(join(checkout.root, 'sluice'), args, options);
      expect({ exitCode: result.exitCode, all: result.exitCode === exitCode ? '' : result.all }).toEqual({
        exitCode,
        all: '',
      });
    };
    try {
      expect((await call('/greeting')).status).toBe(404);
      checkout.edit(
        'services/story-42/common/routes.ts',
        "  { method: 'GET', path: '/sessions', ",
        "  { method: 'GET', path: '/greeting', service: 'data-ops', action: 'greet' },\n  { method: 'GET', path: '/sessions', ",
      );
      checkout.edit(
        'services/story-42/common/schemas.ts',
        "  'list-sessions': {",
        "  greet: { summary: 'Greets', response: z.object({ greeting: z.string(), version }), status: 200, errors: [] },\n  'list-sessions': {",
      );
      checkout.edit(
        'services/story-42/data-ops/main.ts',
        "    'list-sessions': listAction(context),",
        "    greet: { run: async ({ principal }) => ({ greeting: `hello ${principal.email}` }) },\n    'list-sessions': listAction(context),",
      );
      await run(['images', 'push', 'story-42', 'dev', '--service', 'data-ops']);
      await run(['deploy', 'story-42', 'dev']);
      expect(await call('/greeting')).toMatchObject({ status: 200, body: { greeting: 'hello author@example.com' } });
      expect((await call('/greeting', { token: '' })).status).toBe(401);
      await run(['plan', 'story-42', 'dev']);
    } finally {
      checkout.remove();
      // What is deployed is this checkout's again.
      await sluice(['rollback', 'story-42', 'dev']);
    }
    expect((await call('/greeting')).status).toBe(404);
    expect((await plan(0)).changes).toBe(0);
  });
});

describe('operations', () => {
  test('14: the update script changes the image of all three functions, seen in their next answers', async () => {
    const versions = async () =>
      Promise.all(
        [
          call<{ version: string }>('/generate-topics-ideas', { json: { count: 1 } }),
          call<{ version: string }>('/sessions?limit=1'),
        ].map(async (answer) => (await answer).body.version),
      );
    const image = async () =>
      (await call('/generate-story-image', { json: { session_id: randomUUID() } })).headers.get('x-story-version');
    const before = [...(await versions()), await image()];
    const { exitCode, all } = await execa(
      join(sandbox.root, 'scripts/rebuild_and_deploy.sh'),
      ['dev', '--release', 'second'],
      {
        env: { ...sandbox.env, ...env },
        reject: false,
        all: true,
      },
    );
    expect({ exitCode, all: exitCode === 0 ? '' : all }).toEqual({ exitCode: 0, all: '' });
    const after = [...(await versions()), await image()];
    after.forEach((version, index) => expect(version).not.toBe(before[index]));
    expect(after.every((version) => version?.endsWith('second'))).toBe(true);
    expect((await plan(0)).changes).toBe(0);
  });

  test('15: the agent stops with a count of 0 and comes back with 1', async () => {
    await sluice(['scale', 'story-42', 'dev', '0']);
    expect((await ask(`${outputs['ecs_service_endpoint']}/health`)).status).toBeGreaterThanOrEqual(500);
    await sluice(['scale', 'story-42', 'dev', '1']);
    const until = Date.now() + 60_000;
    let status = 0;
    while (status !== 200 && Date.now() < until) {
      status = (await ask(`${outputs['ecs_service_endpoint']}/health`)).status;
      await sleep(500);
    }
    expect(status).toBe(200);
    expect((await plan(0)).changes).toBe(0);
  });

  test('16: logs have a line for each request and no secret; images expire after 30 days', async () => {
    const groups = [
      `/aws/lambda/${NAME}-story-text-regen-dev`,
      `/aws/lambda/${NAME}-story-image-regen-dev`,
      `/aws/lambda/${NAME}-data-ops-dev`,
      `/ecs/${NAME}-dev`,
    ];
    const logs = await Promise.all(groups.map(logLines));
    for (const lines of logs) {
      const requests = lines.filter((line) => line.includes('"duration_ms"'));
      expect(requests.length).toBeGreaterThan(0);
      for (const field of ['level', 'request_id', 'route', 'outcome']) expect(requests[0]).toContain(`"${field}"`);
    }
    const everything = logs.flat().join('\n');
    for (const secret of [
      ...Object.values(keys),
      ...Object.values(tokens),
      ...Object.values(passwords),
      'The lamp rolls on',
    ]) {
      expect(everything).not.toContain(secret);
    }
    const { Rules } = await aws.s3.send(
      new GetBucketLifecycleConfigurationCommand({ Bucket: `${NAME}-story-images-dev` }),
    );
    const expiring = Rules!.filter(({ Expiration }) => Expiration?.Days !== undefined);
    expect(expiring.map(({ Filter, Expiration }) => [Filter?.Prefix, Expiration!.Days])).toEqual([['images/', 30]]);
  });

  test('docs/fidelity.md says what was really applied', async () => {
    const run = await execa(process.execPath, ['--import', 'tsx', 'scripts/local/write-fidelity.ts', '--check'], {
      cwd: sandbox.root,
      env: sandbox.env,
      reject: false,
    });
    expect(run).toMatchObject({ stderr: '', exitCode: 0 });
  });

  test('no secret is in the state', async () => {
    const { Body } = await clientsOf(sandbox.port, 'dev').s3.send(
      new GetObjectCommand({ Bucket: 'sluice-state-111111111111-us-east-1', Key: 'story-42/dev/terraform.tfstate' }),
    );
    const state = await Body!.transformToString();
    for (const secret of [...Object.values(keys), ...Object.values(passwords)]) expect(state).not.toContain(secret);
  });

  test('17: CloudFront serves the page, and the page knows where it is', async () => {
    const page = await ask(`${outputs['cloudfront_domain_name']}/`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('<!doctype html>');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const config = await ask(`${outputs['cloudfront_domain_name']}/config.json`);
    expect(config.body).toMatchObject({
      region: 'us-west-2',
      apiUrl: outputs['api_endpoint'],
      userPoolId: outputs['cognito_user_pool_id'],
      clientId: outputs['cognito_client_id'],
      agentUrl: '/agent',
    });
  });

  test('15: without ECS there is no agent, and API and functions go on', async () => {
    settings({ ecsEnabled: false });
    const { update, destroy: gone } = await plan(2);
    expect(update).toEqual([expect.stringMatching(/^aws_cloudfront_distribution\./)]);
    expect(gone.filter((address) => !/ecs_|aws_lb|agent|alb_|cluster/.test(address))).toEqual([]);
    await deploy();
    expect(outputs).not.toHaveProperty('ecs_service_endpoint');
    expect((await call('/sessions')).status).toBe(200);
    expect((await ask(`${outputs['cloudfront_domain_name']}/config.json`)).body).toMatchObject({ agentUrl: null });
    expect((await plan(0)).changes).toBe(0);
  });

  test('17: destroy says what is lost and leaves nothing', async () => {
    const run = await sluice(['destroy', 'story-42', 'dev', '--yes']);
    expect(run.stderr).toContain(`${NAME}-story-images-dev`);
    expect(await inventory('dev')).toEqual(empty);
    expect(await containerStates(sandbox.home, 'dev')).toEqual([]);
  });
});
