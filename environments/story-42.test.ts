/** Story-42's settings: the reference instance, and what a protected environment must have. */
import { environmentNames } from './schema';
import { systems } from './index';
import { parseStory42, story42Values } from './story-42';

const problemsOf = (changes: object): string[] => {
  try {
    parseStory42({ ...story42Values, dev: { ...story42Values.dev, ...changes } });
  } catch (error) {
    return (error as Error).message.split('\n').slice(1);
  }
  return [];
};

it('is the reference instance in dev', () => {
  expect(systems['story-42'].environments.dev).toMatchObject({
    project: 'story-42-west',
    region: 'us-west-2',
    cidrBlock: '10.42.0.0/16',
    adminEmail: 'admin@example.com',
    ecsEnabled: true,
    ecsDesiredCount: 1,
    imageExpiryDays: 30,
    logRetentionDays: 14,
    secretRecoveryDays: 0,
  });
  expect(systems['story-42'].environments.dev.autoscaling).toBeUndefined();
  expect(systems['story-42'].environments.prod).toMatchObject({ logRetentionDays: 90, pointInTimeRecovery: true });
});

it('names the repositories of the reference instance', () => {
  const { services } = systems['story-42'];
  expect(Object.entries(services).map(([name, { repository }]) => [name, repository('dev')])).toEqual([
    ['story-text-regen', 'story-42-west-lambda-dev'],
    ['story-image-regen', 'story-42-west-story-image-lambda-dev'],
    ['data-ops', 'story-42-west-data-ops-lambda-dev'],
    ['story-generator', 'story-42-west-story-generator-dev'],
  ]);
  expect(environmentNames.map((name) => services['data-ops']!.repository(name))).toEqual([
    'story-42-west-data-ops-lambda-dev',
    'story-42-west-data-ops-lambda-staging',
    'story-42-west-data-ops-lambda-prod',
  ]);
});

it.each([
  [{ adminEmail: 'admin' }, '- dev.adminEmail is "admin"; allowed: an e-mail address'],
  [{ imageExpiryDays: -1 }, '- dev.imageExpiryDays is -1; allowed: at least 0'],
  [
    { googleApiBaseUrl: 'ftp://x.example' },
    '- dev.googleApiBaseUrl is "ftp://x.example"; allowed: a URL such as https://api.example.com',
  ],
  [
    { ttsApiBaseUrl: 'https://x.example/' },
    '- dev.ttsApiBaseUrl is "https://x.example/"; allowed: a URL without a slash at its end',
  ],
  [
    { availabilityZones: ['us-west-2a', 'us-east-1b'] },
    '- dev.availabilityZones.1 is "us-east-1b"; allowed: a zone of us-west-2, such as us-west-2a',
  ],
  [
    { ecsDesiredCount: 5, autoscaling: { minCount: 1, maxCount: 4, cpuTargetPercent: 60 } },
    '- dev.ecsDesiredCount is 5; allowed: from 1 to 4, as autoscaling says',
  ],
  [{ domainName: 'stories.example.com' }, '- dev.hostedZoneId is missing; allowed: a value, as domainName has one'],
  [{ hostedZoneId: 'Z0123456789' }, '- dev.domainName is missing; allowed: a value, as hostedZoneId has one'],
  [{ domainName: 'stories', hostedZoneId: 'Z1' }, expect.stringContaining('allowed: a domain name such as')],
])('refuses %j', (changes, expected) => expect(problemsOf(changes)).toEqual([expected]));

it('takes a name in DNS with its zone', () =>
  expect(problemsOf({ domainName: 'stories.example.com', hostedZoneId: 'Z0123456789ABC' })).toEqual([]));

it('says everything that a protected environment lacks', () =>
  expect(problemsOf({ protected: true })).toEqual([
    '- dev.throttling is missing; allowed: rateLimit and burstLimit, because protected is true',
    '- dev.pointInTimeRecovery is false; allowed: true, because protected is true',
    '- dev.deletionProtection is false; allowed: true, because protected is true',
    '- dev.forceDelete is true; allowed: false, because protected is true',
    '- dev.secretRecoveryDays is 0; allowed: 7 to 30, because protected is true',
  ]));
