/**
 * The router's environment variables: parsed once at start, and imported by the stack that sets them, so that a missing
 * or misspelt variable is a compile error there. Keep this file free of anything but zod.
 */
import { z } from 'zod';
import { parseEnvironment } from '../../common/environment';

const name = (what: string) => z.string({ error: `${what} is required` }).min(1, `${what} is empty`);
const optionalText = z
  .string()
  .optional()
  .transform((value) => (value === undefined || value === '' ? undefined : value));

/** Set by the stack, every one of them, in every environment. */
const passed = {
  /** Where the router runs, as told by `/api/health`; `aws` in every stack. */
  T3NETS_ENV: name('the name of the platform, for example "aws"'),
  AWS_REGION: z
    .string({ error: 'the AWS region is required' })
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'not an AWS region name, for example "us-east-1"'),
  /** Routing and reasoning tier: a model, an inference profile or a prompt router (id or ARN). */
  BEDROCK_MODEL_ID: name('a Bedrock model id'),
  DYNAMODB_CONVERSATIONS_TABLE: name('the name of the conversations table'),
  DYNAMODB_TENANTS_TABLE: name('the name of the tenants table'),
  /** `/{project}/{environment}/tenants`, without a slash at the end. */
  SECRETS_PREFIX: z
    .string({ error: "the path of the tenants' secrets is required" })
    .regex(/^(\/[A-Za-z0-9_.+=@-]+)+$/, 'not a path such as "/t3nets/dev/tenants" (leading slash, none at the end)'),
};

/** Unset in the reference instance. */
const optional = {
  PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** @default - BEDROCK_MODEL_ID */
  BEDROCK_CONVERSATION_MODEL_ID: optionalText,
  /** @default - BEDROCK_MODEL_ID */
  BEDROCK_FORMATTING_MODEL_ID: optionalText,
  /** Whether the `default` tenant, too, answers only to its `api-key`: for instances that face the Internet. */
  DEFAULT_TENANT_REQUIRES_KEY: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
};

export const routerEnvironmentSchema = z.object({ ...passed, ...optional });

export type RouterEnvironment = z.output<typeof routerEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type RouterVariables = Readonly<Record<keyof typeof passed, string>>;

/** What the stack may pass besides. */
export type RouterOptionalVariables = Readonly<Partial<Record<keyof typeof optional, string>>>;

export const routerVariableNames = Object.keys(passed) as readonly (keyof RouterVariables)[];
export const routerOptionalVariableNames = Object.keys(optional) as readonly (keyof RouterOptionalVariables)[];

export const parseRouterEnvironment = (variables: Readonly<Record<string, string | undefined>>): RouterEnvironment =>
  parseEnvironment('router', routerEnvironmentSchema, variables);
