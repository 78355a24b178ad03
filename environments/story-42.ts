/**
 * Story-42 in dev, staging and prod: everything in which they differ. A rule that ties values together (what a protected
 * environment must have) stands in the schema, so that no stack asks for an environment's name.
 */
import { z } from 'zod';
import {
  autoscaling,
  bedrockModel,
  checkAutoscaling,
  checkZones,
  commonSettings,
  logRetentionDays,
  parseSettings,
  throttling,
  type Environment,
} from './schema';

const baseUrl = z
  .url({ protocol: /^https?$/, error: 'a URL such as https://api.example.com' })
  .refine((url) => !url.endsWith('/'), 'allowed: a URL without a slash at its end');

const settings = commonSettings
  .extend({
    /** Names of the zones; two at least, as the load balancer needs them. */
    availabilityZones: z.array(z.string()).min(2),
    cidrBlock: z.cidrv4({ error: 'an IPv4 range such as 10.42.0.0/16' }),
    /** The first user, administrator; gets a temporary password by `seed`. */
    adminEmail: z.email({ error: 'an e-mail address' }),
    /** Model for topics, outlines and texts, and the agent's. Never defaulted: it decides quality and cost. */
    modelId: bedrockModel,
    /** Model of the Google generative API that draws images. */
    imageModelId: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, "a model's name such as imagen-4.0-generate-001"),
    googleApiBaseUrl: baseUrl,
    ttsApiBaseUrl: baseUrl,
    searchBaseUrl: baseUrl,
    /** Site's name in DNS. @default - CloudFront's own name and certificate, no Route 53 and no ACM */
    domainName: z
      .string()
      .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, 'a domain name such as stories.example.com')
      .optional(),
    /** Route 53 zone that holds `domainName`. */
    hostedZoneId: z
      .string()
      .regex(/^Z[A-Z0-9]{1,31}$/, 'a hosted zone id such as Z0123456789ABCDEFGHIJ')
      .optional(),
    /** The agent with its cluster and load balancer. Without it the functions and the API stay. */
    ecsEnabled: z.boolean(),
    ecsDesiredCount: z.int().min(0).max(100),
    autoscaling,
    /** Days that images are kept; 0 keeps them. */
    imageExpiryDays: z.int().min(0).max(3650),
    logRetentionDays,
    pointInTimeRecovery: z.boolean(),
    /** On table, user pool, repositories, buckets and load balancer, in AWS and in Terraform (prevent_destroy). */
    deletionProtection: z.boolean(),
    /** Whether destroy takes repositories with their images and buckets with their objects. */
    forceDelete: z.boolean(),
    /** Days in which a deleted secret can be had back, 7 to 30; 0 frees its name at once. */
    secretRecoveryDays: z.union([z.literal(0), z.int().min(7).max(30)]),
    throttling,
  })
  .superRefine((value, context) => {
    const problem = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: 'custom', path, message, input: value });
    checkZones(value, problem);
    checkAutoscaling({ ...value, desiredCount: value.ecsDesiredCount }, problem, 'ecsDesiredCount');
    if ((value.domainName === undefined) !== (value.hostedZoneId === undefined)) {
      const missing = value.domainName === undefined ? 'domainName' : 'hostedZoneId';
      problem([missing], `allowed: a value, as ${missing === 'domainName' ? 'hostedZoneId' : 'domainName'} has one`);
    }
    if (value.protected) {
      const because = 'because protected is true';
      if (value.throttling === undefined) problem(['throttling'], `allowed: rateLimit and burstLimit, ${because}`);
      if (!value.pointInTimeRecovery) problem(['pointInTimeRecovery'], `allowed: true, ${because}`);
      if (!value.deletionProtection) problem(['deletionProtection'], `allowed: true, ${because}`);
      if (value.forceDelete) problem(['forceDelete'], `allowed: false, ${because}`);
      if (value.secretRecoveryDays === 0) problem(['secretRecoveryDays'], `allowed: 7 to 30, ${because}`);
    }
  });

export type Story42Settings = z.output<typeof settings>;

/** The reference instance: what staging and prod share with it is said once. */
const dev = {
  project: 'story-42-west',
  region: 'us-west-2',
  stateBackend: { lock: 'native' },
  protected: false,
  tags: {},
  availabilityZones: ['us-west-2a', 'us-west-2b'],
  cidrBlock: '10.42.0.0/16',
  adminEmail: 'admin@example.com',
  modelId: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  imageModelId: 'imagen-4.0-generate-001',
  googleApiBaseUrl: 'https://generativelanguage.googleapis.com',
  ttsApiBaseUrl: 'https://tts.tech42.example',
  searchBaseUrl: 'https://html.duckduckgo.com',
  ecsEnabled: true,
  ecsDesiredCount: 1,
  imageExpiryDays: 30,
  logRetentionDays: 14,
  pointInTimeRecovery: false,
  deletionProtection: false,
  forceDelete: true,
  secretRecoveryDays: 0,
} satisfies z.input<typeof settings>;

const staging = {
  ...dev,
  logRetentionDays: 30,
  pointInTimeRecovery: true,
  autoscaling: { minCount: 1, maxCount: 4, cpuTargetPercent: 60 },
  throttling: { rateLimit: 20, burstLimit: 40 },
} satisfies z.input<typeof settings>;

const prod = {
  ...staging,
  protected: true,
  logRetentionDays: 90,
  deletionProtection: true,
  forceDelete: false,
  secretRecoveryDays: 30,
  throttling: { rateLimit: 50, burstLimit: 100 },
} satisfies z.input<typeof settings>;

export const story42Values = { dev, staging, prod };

export function parseStory42(values: unknown, source?: string): Readonly<Record<Environment, Story42Settings>> {
  return parseSettings('story-42', settings, values, source);
}
