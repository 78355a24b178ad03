/** The two APIs of Story-42 as they are documented: what is served by the functions, and what by the agent. */
import { z } from 'zod';
import { errorStatuses } from '../common/errors';
import { acceptedResponse, errorResponse, routes, sessionSchema } from '../common/schemas';
import { chatRequest, sessionParams, speechRequest } from '../story-generator/http/schemas';
import type { DocumentedApi } from './openapi';

const NOTICE = '© 2025 Tech42 Consulting, all rights reserved.';
const TOKEN =
  'Every route needs the ID token of a signed-in user in the header `Authorization`, and the user must be in group ' +
  '`admin` or `author`.';

export const storyApi: DocumentedApi = {
  title: 'Story-42 API',
  description: `Turns a topic into an illustrated story. ${TOKEN}\n\n${NOTICE}`,
  server: { output: 'api_endpoint', example: 'https://example.execute-api.us-west-2.amazonaws.com/dev' },
  routes,
  statuses: errorStatuses,
  always: ['forbidden', 'internal'],
  unauthorized: 'No token, or one that is not valid: the answer is API Gateway’s',
  schemas: { Error: errorResponse, Accepted: acceptedResponse },
};

const version = z.string().describe('Version of the agent');
const toolsUsed = z.array(z.strictObject({ name: z.string(), ok: z.boolean(), ms: z.int().min(0) }));
const message = z.object({ role: z.enum(['user', 'assistant']), content: z.string(), at: z.iso.datetime() });

/** A stream's events, in the words of the reference. */
const EVENTS =
  'With `Accept: text/event-stream`: events `token` {text}, `tool` {name} when one begins and {name, ok, ms} when it ends, ' +
  '`done` with the JSON answer, or `error`';

const model = ['validation_error', 'session_not_found', 'throttled', 'model_error', 'timeout', 'too_large'];

export const agentApi: DocumentedApi = {
  title: 'Story-42 agent',
  description: `Plans and calls tools, the story API among them. ${TOKEN} CloudFront forwards \`/agent/*\` to it.\n\n${NOTICE}`,
  server: { output: 'ecs_service_endpoint', example: 'http://story-42-west-alb-dev.us-west-2.elb.amazonaws.com' },
  statuses: { ...errorStatuses, unauthorized: 401, not_found: 404, method_not_allowed: 405, too_large: 413 },
  always: ['forbidden', 'internal', 'timeout'],
  unauthorized: 'No token, or one that is not valid',
  schemas: {
    Error: z.object({
      error: z.object({
        code: z.string(),
        message: z.string(),
        request_id: z.string(),
        fields: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
      }),
    }),
  },
  routes: [
    {
      method: 'GET',
      path: '/health',
      action: 'health',
      service: 'story-42-agent',
      summary: 'Whether it takes requests; nothing else is asked',
      response: z.object({ status: z.literal('ok'), service: z.literal('story-42-agent'), version }),
      status: 200,
      errors: [],
      open: true,
    },
    {
      method: 'POST',
      path: '/agent/chat',
      action: 'chat',
      service: 'story-42-agent',
      summary: 'One message of a conversation, and what the agent says and does',
      request: chatRequest,
      response: z.object({
        session_id: z.uuid(),
        reply: z.string(),
        tools_used: toolsUsed,
        story: z.optional(sessionSchema),
        usage: z.object({ input_tokens: z.int().min(0), output_tokens: z.int().min(0) }),
        version,
      }),
      otherForms: { 'text/event-stream': EVENTS },
      status: 200,
      errors: model,
    },
    {
      method: 'GET',
      path: '/agent/sessions/{id}',
      action: 'conversation',
      service: 'story-42-agent',
      summary: 'A conversation and the state of its story',
      params: sessionParams,
      response: z.object({
        session_id: z.uuid(),
        messages: z.array(message.extend({ tools: toolsUsed.optional() })),
        story: z.nullable(sessionSchema),
        version,
      }),
      status: 200,
      errors: ['validation_error', 'session_not_found', 'throttled'],
    },
    {
      method: 'POST',
      path: '/agent/tts',
      action: 'speak',
      service: 'story-42-agent',
      summary: 'A segment of a story, or any text, read aloud',
      request: speechRequest,
      response: z.object({ url: z.url(), key: z.string(), content_type: z.literal('audio/mpeg'), version }),
      status: 200,
      errors: [
        'validation_error',
        'session_not_found',
        'segment_not_found',
        'conflict',
        'throttled',
        'tts_error',
        'too_large',
      ],
    },
  ],
};
