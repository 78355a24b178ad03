/** The ledger: one JSON line per AWS call, without bodies or secrets. It is the source of the coverage page and of
 * least-privilege policies. Files are rotated by size; a query reads all of them. */
import {
  createReadStream,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  type WriteStream,
  createWriteStream,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { iamActions } from './iam-actions';
import type { Environment } from './places';

export interface LedgerEntry {
  readonly time: string;
  readonly environment: Environment;
  readonly account: string;
  /** `host` for a command of this machine, `<task family>/<container>` for a container. */
  readonly caller: string;
  readonly service: string;
  readonly operation: string;
  /** Actions in IAM's spelling that allow this call; empty where they cannot be derived. */
  readonly actions: readonly string[];
  readonly resource: string;
  readonly status: number;
  readonly milliseconds: number;
  /** Kind of the injected fault, when there was one. */
  readonly fault?: string;
}

export interface LedgerQuery {
  readonly environment?: Environment;
  readonly service?: string;
  readonly operation?: string;
  readonly caller?: string;
  /** ISO time. */
  readonly since?: string;
  readonly limit?: number;
}

const rotateAt = 16 * 1024 * 1024;
const keep = 4;

export class Ledger {
  private stream: WriteStream | undefined;
  private size = 0;

  constructor(private readonly folder: string) {}

  add(entry: Omit<LedgerEntry, 'actions' | 'time'>): void {
    const line: LedgerEntry = {
      time: new Date().toISOString(),
      ...entry,
      actions: iamActions(entry.service, entry.operation),
    };
    const text = `${JSON.stringify(line)}\n`;
    if (!this.stream || this.size + text.length > rotateAt) this.open();
    this.size += text.length;
    this.stream?.write(text);
  }

  private open(): void {
    mkdirSync(this.folder, { recursive: true });
    const path = ledgerFile(this.folder, 0);
    if (this.stream) {
      this.stream.end();
      rmSync(ledgerFile(this.folder, keep), { force: true });
      for (let n = keep - 1; n >= 0; n -= 1) {
        if (existsSync(ledgerFile(this.folder, n)))
          renameSync(ledgerFile(this.folder, n), ledgerFile(this.folder, n + 1));
      }
    }
    this.size = existsSync(path) ? statSync(path).size : 0;
    this.stream = createWriteStream(path, { flags: 'a' });
  }

  async close(): Promise<void> {
    const stream = this.stream;
    this.stream = undefined;
    if (stream) await new Promise<void>((resolve) => stream.end(() => resolve()));
  }
}

export function ledgerFile(folder: string, n: number): string {
  return join(folder, n === 0 ? 'ledger.jsonl' : `ledger.${n}.jsonl`);
}

/** Entries that match, oldest first; with a limit, the latest ones. */
export async function readLedger(folder: string, query: LedgerQuery = {}): Promise<LedgerEntry[]> {
  const found: LedgerEntry[] = [];
  for (let n = keep; n >= 0; n -= 1) {
    const path = ledgerFile(folder, n);
    if (!existsSync(path)) continue;
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const entry = parse(line);
      if (entry && matches(entry, query)) found.push(entry);
      if (query.limit !== undefined && found.length > query.limit * 2) found.splice(0, found.length - query.limit);
    }
  }
  return query.limit === undefined ? found : found.slice(-query.limit);
}

/** A line cut short by a kill is skipped. */
function parse(line: string): LedgerEntry | undefined {
  try {
    return JSON.parse(line) as LedgerEntry;
  } catch {
    return undefined;
  }
}

function matches(entry: LedgerEntry, query: LedgerQuery): boolean {
  return (
    (!query.environment || entry.environment === query.environment) &&
    (!query.service || entry.service === query.service) &&
    (!query.operation || entry.operation === query.operation) &&
    (!query.caller || entry.caller === query.caller) &&
    (!query.since || entry.time >= query.since)
  );
}
