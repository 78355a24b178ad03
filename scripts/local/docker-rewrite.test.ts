import { dockerPath, imageInPath, pulledImage, registryImage, rewriteCreate } from './docker-rewrite';

const digest = `sha256:${'a'.repeat(64)}`;
const context = {
  environment: 'staging',
  account: '222222222222',
  region: 'us-east-1',
  basePort: 4500,
  homeId: 'abc',
  gatewayHost: '10.88.0.1',
} as const;

describe('registryImage', () => {
  it('gives the emulated registry of the account in the name', () => {
    expect(registryImage(`111111111111.dkr.ecr.us-east-1.amazonaws.com/team/app@${digest}`, 4500)).toEqual({
      reference: `127.0.0.1:4501/team/app@${digest}`,
      repository: 'team/app',
      port: 4501,
    });
    expect(registryImage('333333333333.dkr.ecr.us-east-1.amazonaws.com/app:v1', 4500)?.reference).toBe(
      '127.0.0.1:4503/app:v1',
    );
  });

  it('leaves other images alone', () => {
    expect(registryImage('postgres:16-alpine', 4500)).toBeUndefined();
    expect(registryImage('999999999999.dkr.ecr.us-east-1.amazonaws.com/app', 4500)).toBeUndefined();
  });
});

test('a container reaches the gateway, is labelled, and says who it is', () => {
  const body = rewriteCreate(
    {
      Image: `222222222222.dkr.ecr.us-east-1.amazonaws.com/app@${digest}`,
      Env: [
        'T3NETS_ENV=aws',
        'AWS_REGION=eu-west-1',
        'AWS_ENDPOINT_URL=http://host.docker.internal:4505',
        'ECS_CONTAINER_METADATA_URI_V4=http://host.docker.internal:4505/v4/token',
        'AWS_CONTAINER_CREDENTIALS_FULL_URI=http://host.docker.internal:4505/v2/credentials/x',
      ],
      Labels: { 'com.amazonaws.ecs.task-definition-family': 'app', 'com.amazonaws.ecs.container-name': 'web' },
      HostConfig: { Memory: 1 },
    },
    { ...context, limits: { nofile: 1000 } },
  );
  expect(body.Image).toBe(`127.0.0.1:4502/app@${digest}`);
  expect(body.Labels).toMatchObject({ 'sluice.home': 'abc', 'sluice.environment': 'staging' });
  expect(body.HostConfig).toEqual({
    Memory: 1,
    Ulimits: [{ Name: 'nofile', Soft: 1000, Hard: 1000 }],
    ExtraHosts: ['host.docker.internal:10.88.0.1'],
  });
  expect(body.Env).toEqual([
    'T3NETS_ENV=aws',
    'AWS_REGION=eu-west-1',
    'AWS_ENDPOINT_URL=http://10.88.0.1:4502',
    'ECS_CONTAINER_METADATA_URI_V4=http://10.88.0.1:4502/v4/token',
    'AWS_ACCESS_KEY_ID=222222222222',
    'AWS_SECRET_ACCESS_KEY=local-cloud',
    'AWS_SESSION_TOKEN=sluice-task.app/web',
    'AWS_DEFAULT_REGION=us-east-1',
    'AWS_EC2_METADATA_DISABLED=true',
    'S3_PUBLIC_ENDPOINT=http://127.0.0.1:4502',
  ]);
});

test("a task's default region is that of its ARN", () => {
  const labels = { 'com.amazonaws.ecs.task-arn': 'arn:aws:ecs:us-west-2:222222222222:task/agent/0123' };
  expect(rewriteCreate({ Labels: labels }, context).Env).toEqual(
    expect.arrayContaining(['AWS_REGION=us-west-2', 'AWS_DEFAULT_REGION=us-west-2']),
  );
});

test('addresses of AWS in variables become those that a container reaches, but not the endpoint', () => {
  const localise = (value: string): string => value.replace('https://api.example', 'http://10.88.0.1:4510');
  const { Env } = rewriteCreate(
    { Env: ['STORY_API_URL=https://api.example/dev?a=b', 'AWS_ENDPOINT_URL=https://api.example', 'EMPTY='] },
    { ...context, localise },
  );
  expect(Env?.slice(0, 3)).toEqual([
    'STORY_API_URL=http://10.88.0.1:4510/dev?a=b',
    'AWS_ENDPOINT_URL=http://10.88.0.1:4502',
    'EMPTY=',
  ]);
});

describe('a function', () => {
  const asked = {
    Env: [
      'AWS_REGION=us-west-2',
      'AWS_LAMBDA_FUNCTION_NAME=resize',
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512',
      'AWS_SESSION_TOKEN=',
    ],
    Labels: { ministack: 'lambda' },
    HostConfig: { PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
  };

  it('is named in the ledger and has what a function has on AWS', () => {
    const { Env, HostConfig } = rewriteCreate(asked, context);
    expect(Env).toEqual(
      expect.arrayContaining(['AWS_SESSION_TOKEN=sluice-task.lambda/resize', 'AWS_REGION=us-west-2']),
    );
    expect(HostConfig).toEqual({
      PortBindings: {},
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'rw,size=512m,mode=1777' },
      Memory: (512 + 96) * 1024 * 1024,
      ExtraHosts: ['host.docker.internal:10.88.0.1'],
    });
  });

  it('keeps its published port where containers have no address of their own', () => {
    const { HostConfig } = rewriteCreate(asked, { ...context, gatewayHost: 'host.docker.internal' });
    expect(HostConfig).toMatchObject({ PortBindings: asked.HostConfig.PortBindings });
  });
});

test('paths of the Docker API', () => {
  expect(dockerPath('/v1.41/containers/create?name=x')).toMatchObject({
    version: '/v1.41',
    path: '/containers/create',
  });
  expect(dockerPath('/_ping')).toMatchObject({ version: '', path: '/_ping' });
  expect(imageInPath('/images/111111111111.dkr.ecr.us-east-1.amazonaws.com/app%40sha256:ff/json')).toEqual({
    name: '111111111111.dkr.ecr.us-east-1.amazonaws.com/app@sha256:ff',
    action: 'json',
  });
  expect(imageInPath('/images/create')).toBeUndefined();
  expect(imageInPath('/distribution/a/b/json')).toEqual({ name: 'a/b', action: 'json' });
});

test('a pull names its image in two parts', () => {
  expect(pulledImage(new URLSearchParams({ fromImage: 'r/app', tag: digest }))).toBe(`r/app@${digest}`);
  expect(pulledImage(new URLSearchParams({ fromImage: 'r/app', tag: 'v1' }))).toBe('r/app:v1');
  expect(pulledImage(new URLSearchParams({ fromImage: 'r/app' }))).toBe('r/app');
});
