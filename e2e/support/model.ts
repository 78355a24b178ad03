/**
 * A scripted model behind an OpenAI-compatible chat completions API, for the emulator's `MINISTACK_BEDROCK_PROXY_URL`.
 * It follows fixed rules, so that a test can tell from an answer what the router sent; it understands nothing.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | null;
  readonly tool_calls?: readonly { id: string; function: { name: string; arguments: string } }[];
  readonly tool_call_id?: string;
}

export interface ChatCompletionRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly { type: 'function'; function: { name: string } }[];
  readonly max_tokens?: number;
}

export interface Model {
  /** For MINISTACK_BEDROCK_PROXY_URL. */
  readonly url: string;
  readonly port: number;
  /** What has been asked so far, oldest first. */
  readonly requests: readonly ChatCompletionRequest[];
  stop(): Promise<void>;
}

export interface ModelOptions {
  /** @default 0 - a free port */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** What it says. @default - `scriptedReply` */
  readonly reply?: (request: ChatCompletionRequest) => Reply | Promise<Reply>;
}

/** Words, or a tool to be called. Failures are injected at the gateway: the emulator answers itself when a model fails. */
export type Reply =
  { readonly content: string } | { readonly tool: string; readonly input?: Readonly<Record<string, unknown>> };

/**
 * - a tool's result came last, or it is asked to word an answer from tool results: the answer has the result's figures;
 * - tools are offered and the last question speaks of a sprint: calls the tool whose name holds `sprint`;
 * - asked to reply NONE if no tool is needed: NONE;
 * - else: `ECHO: <question> | EARLIER: <earlier questions>`, and ` | NOT SET UP: <names>` when the system prompt says so.
 */
export function scriptedReply({ messages, tools = [] }: ChatCompletionRequest): Reply {
  const system = messages.find(({ role }) => role === 'system')?.content ?? '';
  const last = messages.at(-1);
  if (last?.role === 'tool') {
    const trailing = messages.slice(messages.findLastIndex(({ role }) => role !== 'tool') + 1);
    return { content: trailing.map(({ content }) => worded(content ?? '')).join('\n') };
  }
  const question = last?.content ?? '';
  const results = question.split('\nTool results:\n')[1];
  if (results !== undefined) return { content: worded(results.slice(results.indexOf('{'))) };
  const tool = tools.find(({ function: { name } }) => name.includes('sprint'));
  if (tool && /sprint/i.test(question)) return { tool: tool.function.name };
  if (system.includes('single word NONE')) return { content: 'NONE' };
  const earlier = messages.filter(({ role }) => role === 'user').slice(0, -1);
  const missing = [...system.matchAll(/^(\w+) is not set up here/gm)].map(([, name]) => name);
  const parts = [`ECHO: ${question}`, `EARLIER: ${earlier.map(({ content }) => content).join(' / ') || 'nothing'}`];
  if (missing.length > 0) parts.push(`NOT SET UP: ${missing.join(', ')}`);
  return { content: parts.join(' | ') };
}

/** A sprint in words; anything else is repeated as it came. */
function worded(result: string): string {
  const sprint = sprintOf(result);
  if (!sprint) return `TOOL RESULT: ${result}`;
  const part = (name: 'to_do' | 'in_progress' | 'done') =>
    `${name.replace('_', ' ')}: ${sprint[name].issues} issues, ${sprint[name].points} points`;
  const blocked = sprint.blocked.list.map(({ key }) => key).join(' and ');
  return `${sprint.active_sprint.name}: ${part('to_do')}; ${part('in_progress')}; ${part('done')}; blocked: ${blocked}.`;
}

interface SprintResult {
  readonly active_sprint: { readonly name: string };
  readonly to_do: { readonly issues: number; readonly points: number };
  readonly in_progress: { readonly issues: number; readonly points: number };
  readonly done: { readonly issues: number; readonly points: number };
  readonly blocked: { readonly list: readonly { readonly key: string }[] };
}

function sprintOf(result: string): SprintResult | undefined {
  try {
    const value = JSON.parse(result) as Partial<SprintResult>;
    return value.active_sprint ? (value as SprintResult) : undefined;
  } catch {
    return undefined;
  }
}

export async function startModel(options: ModelOptions = {}): Promise<Model> {
  const requests: ChatCompletionRequest[] = [];
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      send(404, { error: { message: `nothing at ${request.method} ${request.url}` } });
      return;
    }
    const { reply = scriptedReply } = options;
    readJson(request)
      .then(async (body) => {
        const asked = body as ChatCompletionRequest;
        requests.push(asked);
        send(200, completion(asked, await reply(asked), requests.length));
      })
      .catch((error: Error) => send(400, { error: { message: error.message } }));
  });
  const { host = '127.0.0.1' } = options;
  const port = await listening(server, options.port ?? 0, host);
  return { url: `http://${host}:${port}`, port, requests, stop: () => stopped(server) };
}

function completion(request: ChatCompletionRequest, reply: Reply, count: number) {
  const message =
    'tool' in reply
      ? {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: `call_${count}`,
              type: 'function',
              function: { name: reply.tool, arguments: JSON.stringify(reply.input ?? {}) },
            },
          ],
        }
      : { role: 'assistant', content: reply.content };
  const prompt = request.messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  const said = 'content' in reply ? reply.content.length : 10;
  const usage = { prompt_tokens: Math.ceil(prompt / 4), completion_tokens: Math.ceil(said / 4) };
  return {
    id: `chatcmpl-${count}`,
    object: 'chat.completion',
    created: 0,
    model: request.model,
    choices: [{ index: 0, message, finish_reason: 'tool' in reply ? 'tool_calls' : 'stop' }],
    usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

async function listening(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function stopped(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
