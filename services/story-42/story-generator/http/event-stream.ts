/** Server-sent events as an answer's body: named events with JSON, and a comment now and then while nothing happens. */
import { Readable } from 'node:stream';

/** Below the patience of CloudFront with a silent origin (30 s). */
const HEARTBEAT_MILLISECONDS = 10_000;

export interface ServerEvent {
  readonly event: string;
  readonly data: object;
}

export interface EventStreamOptions {
  /** @default 10000 */
  readonly heartbeatMilliseconds?: number;
}

/** The work sends events and the stream ends with it. It must not reject: an error is an event, too. */
export function eventStream(
  work: (send: (event: ServerEvent) => void) => Promise<void>,
  { heartbeatMilliseconds = HEARTBEAT_MILLISECONDS }: EventStreamOptions = {},
): Readable {
  const stream = new Readable({ read: () => undefined });
  const write = (text: string): void => {
    if (!stream.destroyed) stream.push(text);
  };
  const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatMilliseconds);
  stream.once('close', () => clearInterval(heartbeat));
  // Headers leave with the first byte, and the caller should know at once that somebody is at work.
  write(': working\n\n');
  void work(({ event, data }) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`))
    .catch((error: unknown) => void stream.destroy(error as Error))
    .finally(() => {
      clearInterval(heartbeat);
      if (!stream.destroyed) stream.push(null);
    });
  return stream;
}

/** Whether the caller would rather have events than one JSON answer. */
export const wantsEvents = (accept: string | undefined): boolean =>
  (accept ?? '').split(',').some((range) => /^\s*text\/event-stream\s*(;|$)/i.test(range));
