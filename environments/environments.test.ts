import {
  accountOf,
  ConfigurationError,
  environmentNames,
  parseEnvironment,
  parseTarget,
  stateBucketName,
} from './schema';
import { parseSystem, systemNames, systems, validateSystems, type SystemDefinition } from './index';
import { parseT3nets, t3netsValues } from './t3nets';

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

/** The values with some of dev's changed. */
const withDev = (changes: object) => ({ ...t3netsValues, dev: { ...t3netsValues.dev, ...changes } });
const problemsOf = (changes: object): string[] =>
  messageOf(() => parseT3nets(withDev(changes)))
    .split('\n')
    .slice(1);

describe('names', () => {
  it('knows three environments and two targets, and lists them for others', () => {
    expect(environmentNames.map(parseEnvironment)).toEqual(['dev', 'staging', 'prod']);
    expect(messageOf(() => parseEnvironment('live'))).toBe(
      'environment: 1 problem\n- "live" is unknown; there is: dev, staging, prod',
    );
    expect(parseTarget('aws')).toBe('aws');
    expect(messageOf(() => parseTarget('moon'))).toBe('target: 1 problem\n- "moon" is unknown; there is: local, aws');
    expect(systemNames.map(parseSystem)).toEqual([...systemNames]);
    expect(messageOf(() => parseSystem('t4nets'))).toBe(
      `system: 1 problem\n- "t4nets" is unknown; there is: ${systemNames.join(', ')}`,
    );
  });

  it('is not fooled by names that every object has', () => {
    expect(() => parseSystem('constructor')).toThrow(ConfigurationError);
    expect(() => parseEnvironment('toString')).toThrow(ConfigurationError);
  });
});

describe('accounts', () => {
  it('has fixed ones for the local cloud', () => {
    expect(environmentNames.map((name) => accountOf('local', name))).toEqual([
      '111111111111',
      '222222222222',
      '333333333333',
    ]);
    expect(stateBucketName('111111111111')).toBe('sluice-state-111111111111-us-east-1');
  });

  it('asks for those on AWS before anything else', () => {
    expect(messageOf(() => accountOf('aws', 'prod'))).toBe(
      [
        'environments/accounts.ts: 1 problem',
        '- aws.prod is unset; allowed: 12 digits',
        'Enter the number of the AWS account that holds prod in environments/accounts.ts.',
      ].join('\n'),
    );
  });
});

describe('t3nets', () => {
  it('is the reference instance in dev', () => {
    expect(systems.t3nets.environments.dev).toMatchObject({
      project: 't3nets',
      region: 'us-east-1',
      cpu: 256,
      memoryMiB: 512,
      desiredCount: 1,
      egress: 'nat-gateway',
      containerInsights: false,
      logRetentionDays: 14,
      defaultTenantRequiresKey: false,
      forceDeleteRepository: true,
    });
    expect(systems.t3nets.environments.dev.throttling).toBeUndefined();
  });

  it('protects prod, throttles it and asks the default tenant for a key', () => {
    expect(systems.t3nets.environments.prod).toMatchObject({
      protected: true,
      deletionProtection: true,
      pointInTimeRecovery: true,
      defaultTenantRequiresKey: true,
      forceDeleteRepository: false,
      throttling: { rateLimit: 100, burstLimit: 200 },
    });
  });

  it('names the repository of each service in each environment', () => {
    expect(environmentNames.map((name) => systems.t3nets.services['router']?.repository(name))).toEqual([
      't3nets-dev-router',
      't3nets-staging-router',
      't3nets-prod-router',
    ]);
  });

  it('lists every problem at once: path, value, what is allowed', () => {
    const values = {
      ...withDev({ cpu: 300, memoryMiB: 511, modelId: undefined, colour: 'red', logRetentionDays: 15, region: 'mars' }),
      prod: undefined,
    };
    expect(
      messageOf(() => parseT3nets(values))
        .split('\n')
        .sort(),
    ).toEqual(
      [
        'environments/t3nets.ts: 7 problems',
        '- dev.cpu is 300; allowed: 256, 512, 1024, 2048, 4096, 8192, 16384',
        '- dev.colour is unknown; remove it or correct its name',
        '- dev.logRetentionDays is 15; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653',
        '- dev.memoryMiB is 511; allowed: at least 512',
        '- dev.modelId is missing; allowed: a value of type string',
        '- dev.region is "mars"; allowed: an AWS region such as us-east-1',
        '- prod is missing; allowed: a value of type object',
      ].sort(),
    );
  });

  it.each([
    [{ desiredCount: 101 }, '- dev.desiredCount is 101; allowed: at most 100'],
    [{ desiredCount: 1.5 }, '- dev.desiredCount is 1.5; allowed: a whole number'],
    [{ desiredCount: -1 }, '- dev.desiredCount is -1; allowed: at least 0'],
    [{ memoryMiB: 122881 }, '- dev.memoryMiB is 122881; allowed: at most 122880'],
    [{ egress: 'tunnel' }, '- dev.egress is "tunnel"; allowed: nat-gateway, nat-instance, public-subnets'],
    [{ stateBackend: { lock: 'file' } }, '- dev.stateBackend.lock is "file"; allowed: native, dynamodb'],
    [{ cidrBlock: '10.0.0.0' }, '- dev.cidrBlock is "10.0.0.0"; allowed: an IPv4 range such as 10.0.0.0/16'],
    [{ modelId: 'claude' }, '- dev.modelId is "claude"; allowed: a Bedrock model, inference profile or ARN'],
    [{ availabilityZones: ['us-east-1a'] }, '- dev.availabilityZones is ["us-east-1a"]; allowed: at least 2 entries'],
    [
      { availabilityZones: ['us-east-1a', 'eu-west-1a'] },
      '- dev.availabilityZones.1 is "eu-west-1a"; allowed: a zone of us-east-1, such as us-east-1a',
    ],
    [
      { availabilityZones: ['us-east-1a', 'us-east-1a'] },
      '- dev.availabilityZones.1 is "us-east-1a"; allowed: each zone once',
    ],
    [{ throttling: { rateLimit: 0, burstLimit: 1 } }, '- dev.throttling.rateLimit is 0; allowed: more than 0'],
    [
      { autoscaling: { minCount: 2, maxCount: 3, cpuTargetPercent: 50 } },
      '- dev.desiredCount is 1; allowed: from 2 to 3, as autoscaling says',
    ],
    [
      { autoscaling: { minCount: 4, maxCount: 3, cpuTargetPercent: 50 } },
      '- dev.autoscaling.minCount is 4; allowed: at most maxCount, 3',
    ],
    [{ project: 'T3' }, '- dev.project is "T3"; allowed: lower-case letters, digits and hyphens, 3 to 20'],
    [{ protected: 'yes' }, '- dev.protected is "yes"; allowed: a value of type boolean'],
  ])('refuses %j', (changes, expected) => expect(problemsOf(changes)).toEqual([expected]));

  it.each([
    { desiredCount: 0 },
    { desiredCount: 100 },
    { memoryMiB: 512 },
    { memoryMiB: 122880 },
    { modelId: 'anthropic.claude-3-5-sonnet-20240620-v1:0' },
    { modelId: 'arn:aws:bedrock:us-east-1:111111111111:default-prompt-router/anthropic.claude:1' },
    { desiredCount: 2, autoscaling: { minCount: 2, maxCount: 2, cpuTargetPercent: 10 } },
    { throttling: { rateLimit: 0.1, burstLimit: 1 } },
  ])('takes %j', (changes) => expect(() => parseT3nets(withDev(changes))).not.toThrow());

  it('says everything that a protected environment lacks', () => {
    expect(problemsOf({ protected: true, egress: 'nat-instance' })).toEqual([
      '- dev.throttling is missing; allowed: rateLimit and burstLimit, because protected is true',
      '- dev.defaultTenantRequiresKey is false; allowed: true, because protected is true',
      '- dev.pointInTimeRecovery is false; allowed: true, because protected is true',
      '- dev.forceDeleteRepository is true; allowed: false, because protected is true',
      '- dev.egress is "nat-instance"; allowed: nat-gateway, because protected is true',
    ]);
  });
});

describe('validateSystems', () => {
  it('is content with what is in the repository', () => expect(() => validateSystems()).not.toThrow());

  it('gathers the problems of all systems', () => {
    const broken = (subject: string): SystemDefinition => ({
      name: 't3nets',
      services: {},
      get environments(): never {
        throw new ConfigurationError(subject, ['one', 'two']);
      },
    });
    expect(messageOf(() => validateSystems({ a: broken('a.ts'), b: broken('b.ts') }))).toBe(
      ['configuration: 4 problems', '- a.ts: one', '- a.ts: two', '- b.ts: one', '- b.ts: two'].join('\n'),
    );
  });
});
