/**
 * T3nets in dev, staging and prod: everything in which they differ. A rule that ties values together (what a protected
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

const settings = commonSettings
  .extend({
    /** Names of the zones; two at least, as the load balancer needs them. */
    availabilityZones: z.array(z.string()).min(2),
    cidrBlock: z.cidrv4({ error: 'an IPv4 range such as 10.0.0.0/16' }),
    /** How tasks reach AWS and the Internet: NAT gateway about $32 a month, NAT instance about $4, public subnets none. */
    egress: z.enum(['nat-gateway', 'nat-instance', 'public-subnets']),
    /** VPC flow logs to CloudWatch: billed by volume. */
    flowLogs: z.boolean(),
    /** Fargate CPU units; 1024 are one vCPU. */
    cpu: z.literal([256, 512, 1024, 2048, 4096, 8192, 16384]),
    memoryMiB: z.int().min(512).max(122880),
    desiredCount: z.int().min(0).max(100),
    autoscaling,
    containerInsights: z.boolean(),
    logRetentionDays,
    /** Routing and reasoning tier, Claude Sonnet class. Never defaulted: it decides quality and cost. */
    modelId: bedrockModel,
    /** Conversational tier. @default - modelId */
    conversationModelId: bedrockModel.optional(),
    /** Formatting tier. @default - modelId */
    formattingModelId: bedrockModel.optional(),
    /** The models behind a prompt router that is used as a model id; the router's role may call them. */
    routedModelIds: z.array(bedrockModel).optional(),
    pointInTimeRecovery: z.boolean(),
    /** On tables, repository and load balancer, in AWS and in Terraform (prevent_destroy). */
    deletionProtection: z.boolean(),
    /** Whether destroy takes the repository with its images. */
    forceDeleteRepository: z.boolean(),
    throttling,
    /** The default tenant, too, answers only to its API key. */
    defaultTenantRequiresKey: z.boolean(),
  })
  .superRefine((value, context) => {
    const problem = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: 'custom', path, message, input: value });
    checkZones(value, problem);
    checkAutoscaling(value, problem);
    if (value.protected) {
      const because = 'because protected is true';
      if (value.throttling === undefined) problem(['throttling'], `allowed: rateLimit and burstLimit, ${because}`);
      if (!value.defaultTenantRequiresKey) problem(['defaultTenantRequiresKey'], `allowed: true, ${because}`);
      if (!value.pointInTimeRecovery) problem(['pointInTimeRecovery'], `allowed: true, ${because}`);
      if (value.forceDeleteRepository) problem(['forceDeleteRepository'], `allowed: false, ${because}`);
      if (value.egress !== 'nat-gateway') problem(['egress'], `allowed: nat-gateway, ${because}`);
    }
  });

export type T3netsSettings = z.output<typeof settings>;

/** The reference instance: what staging and prod share with it is said once. */
const dev = {
  project: 't3nets',
  region: 'us-east-1',
  stateBackend: { lock: 'native' },
  protected: false,
  tags: {},
  availabilityZones: ['us-east-1a', 'us-east-1b'],
  cidrBlock: '10.0.0.0/16',
  egress: 'nat-gateway',
  flowLogs: false,
  cpu: 256,
  memoryMiB: 512,
  desiredCount: 1,
  containerInsights: false,
  logRetentionDays: 14,
  modelId: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  pointInTimeRecovery: false,
  deletionProtection: false,
  forceDeleteRepository: true,
  defaultTenantRequiresKey: false,
} satisfies z.input<typeof settings>;

const staging = {
  ...dev,
  containerInsights: true,
  logRetentionDays: 30,
  pointInTimeRecovery: true,
  forceDeleteRepository: false,
  throttling: { rateLimit: 20, burstLimit: 40 },
  defaultTenantRequiresKey: true,
} satisfies z.input<typeof settings>;

const prod = {
  ...staging,
  protected: true,
  flowLogs: true,
  cpu: 512,
  memoryMiB: 1024,
  desiredCount: 2,
  autoscaling: { minCount: 2, maxCount: 6, cpuTargetPercent: 60 },
  logRetentionDays: 365,
  deletionProtection: true,
  throttling: { rateLimit: 100, burstLimit: 200 },
} satisfies z.input<typeof settings>;

export const t3netsValues = { dev, staging, prod };

export function parseT3nets(values: unknown, source?: string): Readonly<Record<Environment, T3netsSettings>> {
  return parseSettings('t3nets', settings, values, source);
}
