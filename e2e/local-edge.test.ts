/** The edge of the local cloud, applied with the real engine and AWS provider in a region that is not the account's first: REST
 * API, Cognito, distribution, public load balancer. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { APIGatewayClient, TestInvokeAuthorizerCommand } from '@aws-sdk/client-api-gateway';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminInitiateAuthCommand,
  AdminRespondToAuthChallengeCommand,
  CognitoIdentityProviderClient,
} from '@aws-sdk/client-cognito-identity-provider';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { silentReporter } from '../scripts/console/reporter';
import {
  engineEnvironment,
  ensureCloud,
  inventory,
  localAddresses,
  type CloudEnvironment,
} from '../scripts/local/client';
import { providerTypes } from '../scripts/session/synth';
import { Stack } from '../scripts/terraform/stack';
import { ensureTerraform } from '../scripts/toolchain/index';
import type { EdgeOptions } from './support/edge-api';
import { edgeRegion, edgeStack } from './support/edge-stack';
import { ask } from './support/http';
import { openSandbox } from './support/sandbox';
import { echoFunction, zipOf } from './support/zip';

const sandbox = openSandbox('edge');
Object.assign(process.env, { SLUICE_HOME: sandbox.home, SLUICE_PORT: String(sandbox.port) });
const folder = join(sandbox.home, 'edge');

let cloud: CloudEnvironment;
let stack: Stack;
let target: Server;
let options: EdgeOptions;
let outputs: Record<string, string>;
let empty: string[];
const tokens = { id: '', access: '', refresh: '' };

const user = { name: 'admin@example.com', temporary: 'TempPassword123!', password: 'Another-Pass-9' };

beforeAll(async () => {
  target = await behindTheBalancer();
  cloud = await ensureCloud(silentReporter, 'dev');
  empty = await inventory('dev');
  mkdirSync(folder, { recursive: true });
  const zipFile = join(folder, 'function.zip');
  writeFileSync(zipFile, zipOf('index.js', echoFunction));
  options = { targetPort: (target.address() as AddressInfo).port, zipFile };
  const { resource } = edgeStack(options);
  const { engine } = await ensureTerraform(silentReporter, [...(await providerTypes()), ...Object.keys(resource)]);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    ...engineEnvironment(cloud),
    TF_CLI_CONFIG_FILE: engine.cliConfigFile,
    CHECKPOINT_DISABLE: '1',
  };
  stack = new Stack({
    name: 'edge',
    folder,
    runFolder: folder,
    engine,
    env,
    reporter: silentReporter,
    ownsState: true,
  });
  await apply({});
});

afterAll(async () => {
  await sandbox.end();
  await new Promise<void>((resolve) => target.close(() => resolve()));
});

/** Applies the stack as changed, and proves that the next plan has nothing to do. */
async function apply(changed: Partial<EdgeOptions>): Promise<void> {
  writeFileSync(join(folder, 'cdk.tf.json'), JSON.stringify(edgeStack({ ...options, ...changed })));
  await stack.init();
  await stack.apply(await stack.plan());
  const { create, update, replace, delete: remove } = await stack.plan();
  expect({ create, update, replace, remove }).toEqual({ create: [], update: [], replace: [], remove: [] });
  const localise = await localAddresses(cloud);
  const said = (await stack.outputs()) as Record<string, string>;
  outputs = Object.fromEntries(Object.entries(said).map(([name, value]) => [name, localise(value)]));
}

const settings = () => ({ region: edgeRegion, endpoint: cloud.endpoint, credentials: cloud.credentials });
const cognito = () => new CognitoIdentityProviderClient(settings());
const s3 = () => new S3Client({ ...settings(), forcePathStyle: true });
const call = (path: string, init: RequestInit = {}, token = tokens.id) =>
  fetch(`${outputs['api_endpoint']}${path}`, { ...init, headers: { authorization: token, ...init.headers } });

test('what the outputs name answers on this machine', () => {
  expect(outputs['api_endpoint']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/dev$/);
  expect(outputs['cloudfront_domain_name']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(outputs['load_balancer']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(outputs['user_pool_id']).toMatch(/^us-west-2_/);
});

describe('sign-in', () => {
  const pool = () => ({ UserPoolId: outputs['user_pool_id'] ?? '', ClientId: outputs['client_id'] ?? '' });
  const signIn = (password: string) =>
    cognito().send(
      new AdminInitiateAuthCommand({
        ...pool(),
        AuthFlow: 'ADMIN_NO_SRP_AUTH',
        AuthParameters: { USERNAME: user.name, PASSWORD: password },
      }),
    );
  const answerWith = (password: string, session: string | undefined) =>
    cognito().send(
      new AdminRespondToAuthChallengeCommand({
        ...pool(),
        ChallengeName: 'NEW_PASSWORD_REQUIRED',
        Session: session,
        ChallengeResponses: { USERNAME: user.name, NEW_PASSWORD: password },
      }),
    );
  /** As a page calls it: no signature, from another origin. */
  const browser = (action: string, json: unknown) =>
    ask<{ AuthenticationResult?: Record<string, string>; __type?: string }>(cloud.endpoint, {
      json,
      headers: {
        origin: 'http://127.0.0.1:9',
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSCognitoIdentityProviderService.${action}`,
      },
    });

  it('asks a new user for a new password, by the rules of the pool', async () => {
    const { UserPoolId } = pool();
    const place = { UserPoolId, Username: user.name };
    const made = { ...place, TemporaryPassword: user.temporary, MessageAction: 'SUPPRESS' as const };
    await cognito().send(
      new AdminCreateUserCommand({ ...made, UserAttributes: [{ Name: 'email', Value: user.name }] }),
    );
    for (const GroupName of ['admin', 'author']) {
      await cognito().send(new AdminAddUserToGroupCommand({ ...place, GroupName }));
    }
    await expect(signIn('wrong')).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    const first = await signIn(user.temporary);
    expect(first).toMatchObject({ ChallengeName: 'NEW_PASSWORD_REQUIRED' });
    expect(first.AuthenticationResult).toBeUndefined();
    await expect(answerWith('short', first.Session)).rejects.toMatchObject({ name: 'InvalidPasswordException' });
    await expect(answerWith(user.password, 'made-up')).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    const done = await answerWith(user.password, first.Session);
    expect(done.AuthenticationResult?.IdToken).toBeTruthy();
    await expect(answerWith(user.password, first.Session)).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    await expect(signIn(user.temporary)).rejects.toMatchObject({ name: 'NotAuthorizedException' });
  });

  it('works from a browser, with tokens that the published keys verify', async () => {
    const preflight = await fetch(cloud.endpoint, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://127.0.0.1:9',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-amz-target',
      },
    });
    expect(preflight.ok).toBe(true);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('*');
    const parameters = { USERNAME: user.name, PASSWORD: user.password };
    const { ClientId, UserPoolId } = pool();
    const flow = { AuthFlow: 'USER_PASSWORD_AUTH', ClientId };
    const refused = await browser('InitiateAuth', { ...flow, AuthParameters: { ...parameters, PASSWORD: 'wrong' } });
    expect([refused.status, refused.body.__type]).toEqual([400, 'NotAuthorizedException']);
    const signedIn = await browser('InitiateAuth', { ...flow, AuthParameters: parameters });
    expect(signedIn.headers.get('access-control-allow-origin')).toBe('*');
    const given = signedIn.body.AuthenticationResult ?? {};
    Object.assign(tokens, { id: given['IdToken'], access: given['AccessToken'], refresh: given['RefreshToken'] });
    const issuer = `https://cognito-idp.${edgeRegion}.amazonaws.com/${UserPoolId}`;
    const localise = await localAddresses(cloud);
    expect(localise(issuer)).toBe(issuer);
    const keys = createRemoteJWKSet(new URL(localise(`${issuer}/.well-known/jwks.json`)));
    const { payload } = await jwtVerify(tokens.id, keys, { issuer, audience: ClientId, algorithms: ['RS256'] });
    expect(payload).toMatchObject({ token_use: 'id', email: user.name, 'cognito:groups': ['admin', 'author'] });
    expect(payload.exp ?? 0).toBeGreaterThan(Date.now() / 1000 + 3000);
  });

  it('refreshes, and allows only the flows of the client', async () => {
    const { ClientId } = pool();
    const parameters = { REFRESH_TOKEN: tokens.refresh };
    const renewed = await browser('InitiateAuth', {
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      ClientId,
      AuthParameters: parameters,
    });
    expect(renewed.body.AuthenticationResult?.['IdToken']).toBeTruthy();
    const made = await browser('InitiateAuth', {
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      ClientId,
      AuthParameters: { REFRESH_TOKEN: 'made-up' },
    });
    expect(made.body.__type).toBe('NotAuthorizedException');
  });
});

describe('the REST API', () => {
  it.each([
    ['no token', ''],
    ['a token that is none', 'abc'],
    ['a token whose signature is wrong', 'id-tampered'],
    ['an access token', 'access'],
  ])('answers 401 in its own words to %s', async (_what, kind) => {
    const chosen = { 'id-tampered': `${tokens.id.slice(0, -8)}AAAAAAAA`, access: tokens.access }[kind] ?? kind;
    const answer = await call('/sessions', {}, chosen);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toEqual({ error: { code: 'unauthorized', message: 'Unauthorized' } });
  });

  it('hands the request with its claims to the function', async () => {
    const answer = await call('/sessions/a%20b?x=1&x=2', { headers: { 'x-one': 'two' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    const event = (await answer.json()) as Record<string, never>;
    expect(event).toMatchObject({
      resource: '/sessions/{session_id}',
      httpMethod: 'GET',
      pathParameters: { session_id: 'a b' },
      queryStringParameters: { x: '1' },
      multiValueQueryStringParameters: { x: ['1', '2'] },
      headers: { 'x-one': 'two' },
      requestContext: {
        stage: 'dev',
        accountId: cloud.account,
        authorizer: { claims: { email: user.name, 'cognito:groups': '[admin author]', token_use: 'id' } },
      },
      function: { region: edgeRegion },
    });
  });

  it('answers a preflight without a token', async () => {
    const answer = await fetch(`${outputs['api_endpoint']}/sessions`, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET,POST,OPTIONS');
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization,content-type');
  });

  it('serves its stage and routes only, and bodies of at most 10 MB', async () => {
    expect((await call('/nothing')).status).toBe(403);
    expect((await fetch(`${outputs['api_endpoint']?.replace('/dev', '/other')}/sessions`)).status).toBe(403);
    const large = await call('/sessions', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) });
    expect(large.status).toBe(413);
  });

  it('lets its authorizer be tested', async () => {
    const client = new APIGatewayClient(settings());
    const asked = { restApiId: outputs['api_id'], authorizerId: outputs['authorizer_id'] };
    const test = (token: string) =>
      client.send(new TestInvokeAuthorizerCommand({ ...asked, headers: { Authorization: token } }));
    expect(await test(tokens.id)).toMatchObject({ clientStatus: 0, claims: { email: user.name } });
    expect(await test('abc')).toMatchObject({ clientStatus: 401 });
  });

  it('writes its access log', async () => {
    const logs = new CloudWatchLogsClient(settings());
    const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: '/aws/apigateway/edge-west-dev' }));
    const lines = (events ?? []).map(({ message }) => JSON.parse(message ?? '{}') as Record<string, string>);
    expect(lines).toContainEqual(expect.objectContaining({ route: '/sessions/{session_id}', status: '200' }));
    expect(lines).toContainEqual(expect.objectContaining({ route: '/sessions', status: '401' }));
  });
});

describe('the distribution', () => {
  const page = '<!doctype html><title>Edge</title>';
  const view = (path: string, init?: RequestInit) => fetch(`${outputs['cloudfront_domain_name']}${path}`, init);

  it('serves the private bucket with its headers, and the page in place of what is missing', async () => {
    const put = { Bucket: outputs['bucket'], Key: 'index.html', Body: page, ContentType: 'text/html; charset=utf-8' };
    await s3().send(new PutObjectCommand(put));
    const root = await view('/');
    expect([root.status, root.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await root.text()).toBe(page);
    expect(root.headers.get('x-frame-options')).toBe('DENY');
    expect(root.headers.get('x-cache')).toBe('Miss from cloudfront');
    // What the page may call is the API at its local address.
    const origin = new URL(outputs['api_endpoint'] ?? '').origin;
    expect(root.headers.get('content-security-policy')).toBe(`default-src 'self'; connect-src 'self' ${origin}`);
    const missing = await view('/nothing');
    expect([missing.status, await missing.text()]).toEqual([200, page]);
    expect((await view('/', { method: 'POST', body: 'x' })).status).toBe(403);
  });

  it('passes everything on to the load balancer for its paths', async () => {
    const answer = await view('/agent/chat?a=1&b=%20x', {
      method: 'POST',
      body: 'hello',
      headers: { authorization: 'Bearer me', 'content-type': 'text/plain' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-cache')).toBe('Miss from cloudfront');
    expect(await answer.json()).toMatchObject({
      method: 'POST',
      url: '/agent/chat?a=1&b=%20x',
      body: 'hello',
      headers: { authorization: 'Bearer me', 'content-type': 'text/plain' },
    });
  });

  it.each(['cloudfront_domain_name', 'load_balancer'])('streams events as they come (%s)', async (output) => {
    const answer = await fetch(`${outputs[output]}/agent/stream`);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const arrived: number[] = [];
    let text = '';
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      arrived.push(Date.now());
      text += new TextDecoder().decode(chunk);
    }
    expect(text).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n');
    expect((arrived.at(-1) ?? 0) - (arrived[0] ?? 0)).toBeGreaterThan(300);
  });
});

test('a presigned address works as it was signed, and not otherwise', async () => {
  await s3().send(new PutObjectCommand({ Bucket: outputs['bucket'], Key: 'a b.txt', Body: 'content' }));
  const asked = new GetObjectCommand({ Bucket: outputs['bucket'], Key: 'a b.txt' });
  const url = await getSignedUrl(s3(), asked, { expiresIn: 3600 });
  expect(url).toContain(`%2F${edgeRegion}%2F`);
  const answer = await fetch(url, { headers: { origin: 'http://127.0.0.1:9' } });
  expect([answer.status, await answer.text()]).toEqual([200, 'content']);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect((await fetch(url.replace('a%20b.txt', 'index.html'))).status).toBe(403);
});

test('a new route is live with the next deployment only; a bucket that trusts another distribution is closed', async () => {
  await apply({ extraRoute: true, undeployed: true, closed: true });
  expect((await call('/extra')).status).toBe(403);
  expect((await call('/sessions')).status).toBe(200);
  expect((await fetch(`${outputs['cloudfront_domain_name']}/`)).status).toBe(403);
  await apply({ extraRoute: true });
  expect((await call('/extra', {}, '')).status).toBe(200);
  expect((await fetch(`${outputs['cloudfront_domain_name']}/`)).status).toBe(200);
});

test('everything answers at the same addresses after a restart', async () => {
  await sandbox.ok(['down']);
  await ensureCloud(silentReporter, 'dev');
  expect((await call('/sessions')).status).toBe(200);
  expect((await call('/extra', {}, '')).status).toBe(200);
  expect((await fetch(`${outputs['cloudfront_domain_name']}/`)).status).toBe(200);
  expect((await fetch(`${outputs['load_balancer']}/health`)).status).toBe(200);
});

test('a destroy leaves nothing in any region', async () => {
  await stack.apply(await stack.plan(undefined, { destroy: true }));
  expect(await inventory('dev')).toEqual(empty);
});

/** What stands behind the load balancer: tells what it was asked, and streams. */
async function behindTheBalancer(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === '/health') return void response.end('ok');
    if (request.url === '/agent/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let sent = 0;
      const next = (): void => {
        response.write(`data: ${sent}\n\n`);
        sent += 1;
        if (sent < 3) setTimeout(next, 200);
        else response.end();
      };
      return next();
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
