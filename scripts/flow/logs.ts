/** A system's log groups in one view, newest last, and following on as lines come. */
import {
  CloudWatchLogsClient,
  ResourceNotFoundException,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../console/errors';
import type { Connection } from '../session/connect';
import type { Session } from '../session/session';
import { operations } from '../systems/index';

export interface LogOptions {
  readonly follow: boolean;
  /** How many past lines of each source. */
  readonly tail: number;
  /** @default - all of them */
  readonly source?: string;
  readonly write: (line: string) => void;
}

interface LogLine {
  readonly id: string;
  readonly at: number;
  readonly source: string;
  readonly text: string;
}

const PAST_MS = 24 * 60 * 60_000;
const POLL_MS = 1_000;

export async function followLogs(session: Session, connection: Connection, options: LogOptions): Promise<void> {
  if (!Number.isInteger(options.tail) || options.tail < 0) {
    throw new UsageError(`--tail is "${options.tail}"; allowed: a whole number from 0`);
  }
  const groups = selectGroups(session, options.source);
  const client = new CloudWatchLogsClient(connection.clients);
  const since = Date.now() - PAST_MS;
  const past = await readGroups(client, groups, since);
  const perSource = Object.keys(groups).flatMap((source) =>
    past.filter((line) => line.source === source).slice(-options.tail),
  );
  const seen = new Set(past.map(({ id }) => id));
  const many = Object.keys(groups).length > 1;
  const write = (lines: readonly LogLine[]): void => {
    for (const { source, text } of [...lines].sort((a, b) => a.at - b.at))
      options.write(many ? `${source} ${text}` : text);
  };
  write(options.tail === 0 ? [] : perSource);
  let from = past.at(-1)?.at ?? since;
  while (options.follow) {
    await sleep(POLL_MS);
    // A line may arrive after a later one: look back a little, and show each once.
    const fresh = (await readGroups(client, groups, from - 10_000)).filter(({ id }) => !seen.has(id));
    fresh.forEach(({ id }) => seen.add(id));
    write(fresh);
    from = Math.max(from, ...fresh.map(({ at }) => at));
  }
}

/** The last lines of all sources, oldest first. */
export async function recentLines(session: Session, connection: Connection, count: number): Promise<string[]> {
  const client = new CloudWatchLogsClient(connection.clients);
  const lines = await readGroups(client, selectGroups(session, undefined), Date.now() - PAST_MS);
  return lines.slice(-count).map(({ text }) => text);
}

function selectGroups(session: Session, source: string | undefined): Record<string, string> {
  const { project } = session.system.environments[session.environment];
  const groups = operations[session.system.name].logGroups(project, session.environment);
  if (source === undefined) return { ...groups };
  const group = groups[source];
  if (group === undefined) throw new UsageError(`source is "${source}"; there is: ${Object.keys(groups).join(', ')}`);
  return { [source]: group };
}

async function readGroups(
  client: CloudWatchLogsClient,
  groups: Record<string, string>,
  startTime: number,
): Promise<LogLine[]> {
  const all = await Promise.all(
    Object.entries(groups).map(async ([source, logGroupName]) => {
      const lines: LogLine[] = [];
      try {
        for await (const { events } of paginateFilterLogEvents({ client }, { logGroupName, startTime })) {
          for (const { eventId, timestamp = 0, message = '', logStreamName } of events ?? []) {
            lines.push({
              id: `${source} ${logStreamName} ${eventId ?? `${timestamp} ${message}`}`,
              at: timestamp,
              source,
              text: message.trimEnd(),
            });
          }
        }
      } catch (error) {
        // Phase 1 has no log groups yet.
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
      return lines;
    }),
  );
  return all.flat().sort((a, b) => a.at - b.at);
}
