/**
 * DynamoDB in memory, spoken to by the real clients over HTTP: as much of its expressions as our stores use, evaluated, so
 * that a wrong condition fails a test. An expression that it does not understand is a ValidationException. For tests.
 */
import { isDeepStrictEqual } from 'node:util';
import { startFakeAws, type FakeAnswer, type FakeCall } from '../../../common/test-support/fake-aws';
import { createTableClient } from '../clients';

type Value = Record<string, unknown>;
type Item = Record<string, Value>;
interface Input {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConditionExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
  readonly ExclusiveStartKey?: Item;
  readonly ScanIndexForward?: boolean;
  readonly Limit?: number;
}

/** Tables by name, with the attributes of their keys. */
export async function startMemoryTables(keys: Readonly<Record<string, readonly string[]>>) {
  const tables = new MemoryTables(keys);
  const aws = await startFakeAws((call) => tables.answer(call));
  const client = createTableClient({ ...aws.settings, maxAttempts: 1 });
  return { tables, aws, client, close: () => aws.close() };
}

class MemoryTables {
  readonly #keys: Readonly<Record<string, readonly string[]>>;
  readonly #items = new Map<string, Map<string, Item>>();

  constructor(keys: Readonly<Record<string, readonly string[]>>) {
    this.#keys = keys;
  }

  items(table: string): Item[] {
    return [...this.#table(table).values()];
  }

  answer({ operation, input }: FakeCall): FakeAnswer {
    try {
      return this.#answer(operation, input);
    } catch (error) {
      return { fault: 'ValidationException', message: (error as Error).message };
    }
  }

  #answer(operation: string, given: Record<string, unknown>): FakeAnswer {
    if (operation === 'TransactWriteItems') return this.#transact(given.TransactItems as { Put: Input }[]);
    const input = given as unknown as Input;
    const table = this.#table(input.TableName);
    if (operation === 'Query') return { body: this.#query(input) };
    const id = this.#id(input);
    const found = table.get(id);
    if (operation === 'GetItem') return { body: found ? { Item: found } : {} };
    if (!holds(input, found)) return { fault: 'ConditionalCheckFailedException' };
    if (operation === 'PutItem') table.set(id, input.Item!);
    else if (operation === 'DeleteItem') table.delete(id);
    else if (operation === 'UpdateItem') {
      table.set(id, updated(input, found ?? input.Key!));
      return { body: { Attributes: table.get(id) } };
    } else return { fault: 'UnknownOperationException' };
    return { body: {} };
  }

  #transact(writes: readonly { readonly Put: Input }[]): FakeAnswer {
    if (!writes.every(({ Put }) => holds(Put, this.#table(Put.TableName).get(this.#id(Put))))) {
      return { fault: 'TransactionCanceledException' };
    }
    for (const { Put } of writes) this.#table(Put.TableName).set(this.#id(Put), Put.Item!);
    return { body: {} };
  }

  #query(input: Input): object {
    const start = input.ExclusiveStartKey && this.#id({ TableName: input.TableName, Key: input.ExclusiveStartKey });
    const all = [...this.#table(input.TableName).entries()]
      .filter(([, item]) => holds({ ...input, ConditionExpression: input.KeyConditionExpression }, item))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    if (input.ScanIndexForward === false) all.reverse();
    const from = start === undefined ? 0 : all.findIndex(([id]) => id === start) + 1;
    // A page ends early, as those of DynamoDB do at 1 MB.
    const page = all.slice(from, from + Math.min(input.Limit ?? 3, 3));
    const last = from + page.length < all.length ? page.at(-1)?.[1] : undefined;
    const keys = this.#keys[input.TableName]!;
    return {
      Items: page.map(([, item]) => projected(input, item)),
      ...(last && { LastEvaluatedKey: Object.fromEntries(keys.map((key) => [key, last[key]])) }),
    };
  }

  #table(name: string): Map<string, Item> {
    if (!this.#keys[name]) throw new Error(`there is no table ${name}`);
    if (!this.#items.has(name)) this.#items.set(name, new Map());
    return this.#items.get(name)!;
  }

  #id({ TableName, Key, Item: item }: Input): string {
    return this.#keys
      [TableName]!.map((key) => {
        const value = (Key ?? item)?.[key]?.S;
        if (typeof value !== 'string' || value === '') throw new Error(`key ${key} is missing`);
        return value;
      })
      .join('\n');
  }
}

const valueOf = (
  { ExpressionAttributeValues: values, ExpressionAttributeNames: names }: Input,
  word: string,
  of?: Item,
) => {
  if (word.startsWith(':')) {
    const value = values?.[word];
    if (value === undefined) throw new Error(`there is no value ${word}`);
    return value;
  }
  if (!word.startsWith('#')) return of?.[word];
  const name = names?.[word];
  if (name === undefined) throw new Error(`there is no name ${word}`);
  return of?.[name];
};

function holds(input: Input, item: Item | undefined): boolean {
  if (input.ConditionExpression === undefined) return true;
  return input.ConditionExpression.split(' OR ').some((some) =>
    some.split(' AND ').every((term) => {
      const call = /^(attribute_exists|attribute_not_exists|begins_with)\((\S+?)(?:, (\S+))?\)$/.exec(term);
      if (call) {
        const value = valueOf(input, call[2]!, item);
        if (call[1] === 'attribute_exists') return value !== undefined;
        if (call[1] === 'attribute_not_exists') return value === undefined;
        return String(value?.S).startsWith(String(valueOf(input, call[3]!)?.S));
      }
      const [, left, operator, right] = /^(\S+) (=|<=|IN) (.+)$/.exec(term) ?? [];
      if (left === undefined) throw new Error(`condition not understood: ${term}`);
      const value = valueOf(input, left, item);
      if (operator === 'IN') {
        const others = right!.slice(1, -1).split(', ');
        return others.some((other) => isDeepStrictEqual(value, valueOf(input, other)));
      }
      if (operator === '=') return isDeepStrictEqual(value, valueOf(input, right!));
      return value !== undefined && Number(value.N) <= Number(valueOf(input, right!)?.N);
    }),
  );
}

function updated(input: Input, item: Item): Item {
  const [, assignments] = /^SET (.+)$/.exec(input.UpdateExpression ?? '') ?? [];
  if (assignments === undefined) throw new Error(`update not understood: ${input.UpdateExpression}`);
  const set = assignments.split(', ').map((assignment) => {
    const [name = '', value = ''] = assignment.split(' = ');
    const attribute = name.startsWith('#') ? input.ExpressionAttributeNames![name]! : name;
    return [attribute, valueOf(input, value)!] as const;
  });
  return { ...item, ...Object.fromEntries(set) };
}

function projected(input: Input, item: Item): Item {
  if (input.ProjectionExpression === undefined) return item;
  const names = input.ProjectionExpression.split(', ').map((word) =>
    word.startsWith('#') ? input.ExpressionAttributeNames![word]! : word,
  );
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
}
