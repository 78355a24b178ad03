/**
 * The agent's environment variables: parsed once at start, and imported by the stack that sets them, so that a missing or
 * misspelt variable is a compile error there. Keep this file free of anything but zod.
 */
import { z } from 'zod';
import { parseEnvironment } from '../../common/environment';

const name = (what: string) => z.string({ error: `${what} is required` }).min(1, `${what} is empty`);

/** Kept without a slash at its end, so that paths can be added. */
const baseUrl = (what: string) =>
  z
    .url({ protocol: /^https?$/, error: `${what} is required: a URL such as https://api.example.com` })
    .transform((url) => url.replace(/\/+$/, ''));

/** Set by the stack, every one of them, in every environment. */
const passed = {
  AWS_REGION: z
    .string({ error: 'the AWS region is required' })
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'not an AWS region name, for example "us-west-2"'),
  /** A model or an inference profile (id or ARN). */
  BEDROCK_MODEL_ID: name('a Bedrock model id'),
  /** Of the REST API, stage included. */
  STORY_API_URL: baseUrl('the address of the story API'),
  SESSIONS_TABLE: name('the name of the sessions table'),
  /** Stories, images and audio. */
  IMAGES_BUCKET: name('the name of the images bucket'),
  TEXT_FUNCTION_NAME: name('the name of the text function'),
  IMAGE_FUNCTION_NAME: name('the name of the image function'),
  DATA_FUNCTION_NAME: name('the name of the data function'),
  COGNITO_USER_POOL_ID: z
    .string({ error: 'the id of the user pool is required' })
    .regex(/^[a-z]{2}(-[a-z]+)+-\d_[A-Za-z0-9]+$/, 'not a user pool id, for example "us-west-2_Ab1Cd2Ef3"'),
  COGNITO_CLIENT_ID: name('the id of the app client'),
  COGNITO_JWKS_URL: baseUrl("the address of the user pool's keys"),
  SEARCH_BASE_URL: baseUrl('the address of the search engine'),
  TTS_API_BASE_URL: baseUrl('the address of the speech service'),
  TTS_API_KEY_SECRET_ARN: name("the ARN of the speech service's key"),
};

const optional = {
  PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Under which callers reach S3, where that is not the address which the agent itself uses. */
  S3_PUBLIC_ENDPOINT: baseUrl('S3_PUBLIC_ENDPOINT').optional(),
};

export const agentEnvironmentSchema = z.object({ ...passed, ...optional });

export type AgentEnvironment = z.output<typeof agentEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type AgentVariables = Readonly<Record<keyof typeof passed, string>>;

/** What the stack may pass besides. */
export type AgentOptionalVariables = Readonly<Partial<Record<keyof typeof optional, string>>>;

export const agentVariableNames = Object.keys(passed) as readonly (keyof AgentVariables)[];
export const agentOptionalVariableNames = Object.keys(optional) as readonly (keyof AgentOptionalVariables)[];

export const parseAgentEnvironment = (variables: Readonly<Record<string, string | undefined>>): AgentEnvironment =>
  parseEnvironment('story-42-agent', agentEnvironmentSchema, variables);
