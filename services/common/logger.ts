/** One JSON line per event on stdout, as CloudWatch Logs likes them. Not a tracer: no spans, no sampling. */
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

export interface LoggerOptions {
  /** On every line, so that one log group can hold several services. */
  readonly service: string;
  readonly version: string;
  readonly level: string;
  /** @default - stdout, written synchronously: nothing is lost when the process is killed */
  readonly destination?: DestinationStream;
}

export function createLogger({ service, version, level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, version },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** An error and its causes as plain fields: names and messages for every level, the stack only of what is our own bug. */
export function errorFields(error: unknown, options: { stack?: boolean } = {}): Record<string, unknown> {
  const chain: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current !== undefined && current !== null && depth < 5; depth += 1) {
    if (!(current instanceof Error)) {
      chain.push(String(current));
      break;
    }
    chain.push(`${current.name}: ${current.message}`);
    current = current.cause;
  }
  const [message, ...causes] = chain;
  return {
    error: message,
    ...(causes.length > 0 && { causes }),
    ...(options.stack && error instanceof Error && { stack: error.stack }),
  };
}
