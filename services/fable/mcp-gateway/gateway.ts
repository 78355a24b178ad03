/**
 * The Model Context Protocol over a Function URL: Streamable HTTP without sessions and without streams, one message a request.
 * Whoever calls is who the headers claim; the URL itself has no authentication.
 */
import { errorFields, type Logger } from '../../common/logger';
import { FableError } from '../common/errors';
import { claimPattern } from '../common/ids';
import type { LambdaContext } from '../common/logging';
import {
  answerOf,
  errorOf,
  invalidParams,
  isRecord,
  parseMessage,
  RpcError,
  rpcCodes,
  type RpcAnswer,
  type RpcId,
  type RpcRequest,
} from './json-rpc';
import type { Caller, GatewayTool } from './tools';

/** Newest first: what a client is offered that asks for one that is not among them. */
const protocolVersions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
const BODY_BYTES = 1024 * 1024;
/** Lambda answers with at most 6 MB. */
const RESULT_BYTES = 5 * 1024 * 1024;

export interface UrlEvent {
  readonly rawPath: string;
  /** In lower case, as Lambda gives them. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly requestContext: { readonly http: { readonly method: string }; readonly requestId?: string };
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export interface UrlAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface GatewayOptions {
  readonly logger: Logger;
  readonly tools: readonly GatewayTool[];
  readonly version: string;
}

/** What the log line says besides. */
interface Facts {
  method?: string;
  tool?: string;
  outcome: string | number;
  error?: unknown;
}

export function createHandler(options: GatewayOptions) {
  const { logger } = options;
  return async (event: UrlEvent, { awsRequestId }: LambdaContext): Promise<UrlAnswer> => {
    const start = performance.now();
    const facts: Facts = { outcome: 'ok' };
    const answer = await respond(options, event, facts);
    const line = {
      requestId: awsRequestId,
      method: facts.method,
      tool: facts.tool,
      outcome: facts.outcome,
      status: answer.statusCode,
      durationMs: Math.round(performance.now() - start),
    };
    if (facts.outcome === rpcCodes.internalError || facts.outcome === 'INTERNAL') {
      logger.error({ ...line, ...errorFields(facts.error, { stack: true }) }, 'request');
    } else {
      logger.info({ ...line, ...(facts.error !== undefined && errorFields(facts.error)) }, 'request');
    }
    return answer;
  };
}

async function respond(options: GatewayOptions, event: UrlEvent, facts: Facts): Promise<UrlAnswer> {
  const { method } = event.requestContext.http;
  if (event.rawPath === '/health' && method === 'GET') return json(200, { status: 'ok', version: options.version });
  if (method === 'GET') return problem(facts, 405, 'there is no stream here; POST messages to /', { allow: 'POST' });
  if (event.rawPath !== '/') return problem(facts, 404, 'there is nothing at this path');
  if (method !== 'POST') return problem(facts, 405, 'POST messages to /', { allow: 'POST' });
  const body = bodyOf(event);
  if (body.length > BODY_BYTES) return problem(facts, 413, `the body must be at most ${BODY_BYTES} bytes`);

  let request: RpcRequest | undefined;
  try {
    request = parseMessage(body.toString('utf8'));
  } catch (error) {
    return failed(facts, null, error);
  }
  if (!request) return accepted();
  facts.method = request.method;
  const version = event.headers?.['mcp-protocol-version'];
  if (version !== undefined && request.method !== 'initialize' && !isKnown(version)) {
    const message = `MCP-Protocol-Version must be one of ${protocolVersions.join(', ')}`;
    return failed(facts, request.id ?? null, new RpcError(rpcCodes.invalidRequest, message));
  }
  // Nobody is told what became of a notification, and none of them makes us do anything.
  if (request.id === undefined) return accepted();
  try {
    const result = await dispatch(options, request, event.headers ?? {}, facts);
    return json(200, answerOf(request.id, result));
  } catch (error) {
    return failed(facts, request.id, error);
  }
}

async function dispatch(
  { tools, version }: GatewayOptions,
  { method, params }: RpcRequest,
  headers: NonNullable<UrlEvent['headers']>,
  facts: Facts,
): Promise<unknown> {
  switch (method) {
    case 'initialize':
      return initialize(params, version);
    case 'ping':
      return {};
    case 'tools/list':
      if (params.cursor !== undefined) throw invalidParams('all tools are on the first page; there is no cursor');
      return { tools: tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })) };
    case 'tools/call':
      return callTool(tools, params, headers, facts);
    default:
      throw new RpcError(rpcCodes.methodNotFound, 'there is no such method');
  }
}

function initialize({ protocolVersion }: RpcRequest['params'], version: string): object {
  if (typeof protocolVersion !== 'string') throw invalidParams('"protocolVersion" is required');
  return {
    protocolVersion: isKnown(protocolVersion) ? protocolVersion : protocolVersions[0],
    capabilities: { tools: { listChanged: false } },
    serverInfo: { name: 'fable', version },
  };
}

const isKnown = (version: string): boolean => (protocolVersions as readonly string[]).includes(version);

async function callTool(
  tools: readonly GatewayTool[],
  params: RpcRequest['params'],
  headers: NonNullable<UrlEvent['headers']>,
  facts: Facts,
): Promise<object> {
  const { name, arguments: given = {} } = params;
  const tool = tools.find((one) => one.name === name);
  if (!tool) throw invalidParams('there is no such tool');
  facts.tool = tool.name;
  const caller = callerOf(headers);
  if (!isRecord(given)) throw invalidParams('"arguments" must be an object');
  const issues = tool.check(given);
  if (issues.length > 0) {
    const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
    throw invalidParams(`the arguments of ${tool.name} are wrong: ${list}`, { issues });
  }
  try {
    const result = await tool.run(given, caller);
    const text = JSON.stringify(result);
    if (Buffer.byteLength(text) * 2 > RESULT_BYTES) throw new FableError('INTERNAL', 'the result is too large');
    return { content: [{ type: 'text', text }], structuredContent: result, isError: false };
  } catch (error) {
    facts.outcome = error instanceof FableError ? error.code : 'INTERNAL';
    facts.error = error;
    const text = error instanceof FableError ? error.message : `${tool.name} failed unexpectedly`;
    return { content: [{ type: 'text', text }], isError: true };
  }
}

function callerOf(headers: NonNullable<UrlEvent['headers']>): Caller {
  const claim = (header: string): string => {
    const value = headers[header];
    if (value === undefined || !claimPattern.test(value)) {
      throw invalidParams(`the header ${header} must be given: 1 to 64 of A-Z a-z 0-9 _ . -`);
    }
    return value;
  };
  return { userId: claim('x-fable-user-id'), orgId: claim('x-fable-org-id') };
}

const bodyOf = ({ body = '', isBase64Encoded }: UrlEvent): Buffer =>
  Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8');

function failed(facts: Facts, id: RpcId | null, error: unknown): UrlAnswer {
  const known =
    error instanceof RpcError
      ? error
      : new RpcError(rpcCodes.internalError, 'the request failed unexpectedly', { cause: error });
  facts.outcome = known.code;
  facts.error = error;
  // Clients read the error of a request from an answer with 200; what is no request at all is refused by HTTP, too.
  const refused = known.code === rpcCodes.parseError || known.code === rpcCodes.invalidRequest;
  return json(refused ? 400 : 200, errorOf(known.id ?? id, known));
}

function problem(facts: Facts, status: number, message: string, headers: Record<string, string> = {}): UrlAnswer {
  facts.outcome = status;
  return json(status, errorOf(null, new RpcError(rpcCodes.invalidRequest, message)), headers);
}

const accepted = (): UrlAnswer => ({ statusCode: 202, headers: {}, body: '' });

const json = (statusCode: number, body: RpcAnswer | object, headers: Record<string, string> = {}): UrlAnswer => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
});
