/** A small JSON service of our own over one file: for what no emulator has. Operations are functions over the store. */
import type { ServiceHandler } from './gateway';
import { readJson, writeJson } from './json-file';

export type Item = Record<string, unknown>;
export type Operation<Store> = (store: Store, input: Item, account: string) => Item;

/** An error in AWS's form. */
export class ServiceError extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function storedService<Store extends object>(
  file: string,
  account: string,
  empty: () => Store,
  operations: Readonly<Record<string, Operation<Store>>>,
  /** Answers operations that are not among them. @default - an error */
  otherwise?: ServiceHandler,
): ServiceHandler {
  return (call, request, body) => {
    const headers = { 'content-type': 'application/x-amz-json-1.1' };
    const say = (status: number, value: Item) => Promise.resolve({ status, headers, body: JSON.stringify(value) });
    const operation = operations[call.operation];
    if (!operation) {
      if (otherwise) return otherwise(call, request, body);
      return say(400, { __type: 'UnknownOperationException', message: `${call.operation} is not emulated` });
    }
    const store: Store = { ...empty(), ...readJson<Store>(file) };
    try {
      const answer = operation(store, JSON.parse(body.toString() || '{}') as Item, account);
      if (!/^(Describe|List|Get)/.test(call.operation)) writeJson(file, store);
      return say(200, answer);
    } catch (error) {
      if (error instanceof ServiceError) return say(400, { __type: error.type, message: error.message });
      throw error;
    }
  };
}

/** One page of a list, with the token of the next under the service's own name for it. */
export function page(
  all: readonly Item[],
  size: number,
  token: unknown,
  tokenName: string,
): { found: Item[]; next: Item } {
  const start = Number(token ?? 0);
  return {
    found: all.slice(start, start + size),
    next: start + size < all.length ? { [tokenName]: String(start + size) } : {},
  };
}
