/** JSON-RPC 2.0: what one message may be, and what is answered. */

export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
} as const;

export type RpcId = string | number;

export interface RpcRequest {
  /** A message without one is a notification: nobody waits for an answer. */
  readonly id?: RpcId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface RpcAnswer {
  readonly jsonrpc: '2.0';
  readonly id: RpcId | null;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Messages reach the client: no ARNs, no arguments. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;
  /** Of the request, where it could be read. */
  readonly id: RpcId | null;

  constructor(code: number, message: string, options: { cause?: unknown; data?: unknown; id?: RpcId | null } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data;
    this.id = options.id ?? null;
  }
}

export const invalidParams = (message: string, data?: unknown) =>
  new RpcError(rpcCodes.invalidParams, message, { data });

/** A request, a notification, or undefined for an answer of the client's: we ask nothing, so it is of no use. */
export function parseMessage(body: string): RpcRequest | undefined {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch (error) {
    throw new RpcError(rpcCodes.parseError, 'the body is not JSON', { cause: error });
  }
  if (Array.isArray(message)) throw invalidRequest('one message at a time: batches are not taken');
  if (!isRecord(message)) throw invalidRequest('the message must be an object');
  const { jsonrpc, id, method, params = {} } = message;
  const known = typeof id === 'string' || (typeof id === 'number' && Number.isInteger(id)) ? id : null;
  if (jsonrpc !== '2.0') throw invalidRequest('"jsonrpc" must be "2.0"', known);
  if ('id' in message && known === null) throw invalidRequest('"id" must be a string or a whole number');
  if (method === undefined && ('result' in message || 'error' in message)) return undefined;
  if (typeof method !== 'string' || method === '') throw invalidRequest('"method" must be a string', known);
  if (!isRecord(params)) {
    throw new RpcError(rpcCodes.invalidParams, '"params" must be an object', { id: known });
  }
  return { ...(known !== null && { id: known }), method, params };
}

export const answerOf = (id: RpcId, result: unknown): RpcAnswer => ({ jsonrpc: '2.0', id, result });

export const errorOf = (id: RpcId | null, { code, message, data }: RpcError): RpcAnswer => ({
  jsonrpc: '2.0',
  id,
  error: { code, message, ...(data !== undefined && { data }) },
});

const invalidRequest = (message: string, id: RpcId | null = null) =>
  new RpcError(rpcCodes.invalidRequest, message, { id });

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
