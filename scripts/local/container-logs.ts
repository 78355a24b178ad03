/** Reads containers' output from the engine's API, which sends it in frames: one byte for the stream, four for the length. */
import { request, type IncomingMessage } from 'node:http';
import type { ContainerLogLine, ContainerLogOptions } from './client';
import type { ContainerSummary } from './engine';

export interface EngineContainers {
  readonly socket: string;
  readonly containers: readonly ContainerSummary[];
}

/** Containers whose task belongs to the service: by cluster and task family, or by the container's name. */
export function ofService(containers: readonly ContainerSummary[], clusterAndService: string): ContainerSummary[] {
  const [cluster = '', service = ''] = clusterAndService.split('/');
  const inCluster = containers.filter(({ Labels }) =>
    (Labels['com.amazonaws.ecs.cluster'] ?? '').endsWith(`/${cluster}`),
  );
  const named = inCluster.filter(
    ({ Labels }) =>
      Labels['com.amazonaws.ecs.task-definition-family'] === service ||
      Labels['com.amazonaws.ecs.container-name'] === service,
  );
  return [...(named.length ? named : inCluster)].sort((a, b) => a.Created - b.Created);
}

export async function* logsOf(
  engine: EngineContainers,
  clusterAndService: string,
  options: ContainerLogOptions,
): AsyncGenerator<ContainerLogLine> {
  const queue: ContainerLogLine[] = [];
  let wake: () => void = () => undefined;
  let open = 0;
  for (const container of ofService(engine.containers, clusterAndService)) {
    open += 1;
    const name = (container.Names?.[0] ?? container.Id).replace(/^\//, '');
    void read(engine.socket, container.Id, options, (line) => {
      queue.push({ container: name, line });
      wake();
    }).finally(() => {
      open -= 1;
      wake();
    });
  }
  while (open > 0 || queue.length) {
    const next = queue.shift();
    if (next) yield next;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}

async function read(
  socketPath: string,
  id: string,
  options: ContainerLogOptions,
  line: (text: string) => void,
): Promise<void> {
  const query = new URLSearchParams({
    stdout: 'true',
    stderr: 'true',
    follow: String(options.follow === true),
    tail: String(options.tail ?? 200),
  });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      { socketPath, path: `/containers/${id}/logs?${query}`, headers: { host: 'engine' }, signal: options.signal },
      resolve,
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
  const frames = new FrameReader(line);
  for await (const chunk of answer as AsyncIterable<Buffer>) frames.push(chunk);
  frames.end();
}

/** Takes the engine's frames apart and gives whole lines. */
export class FrameReader {
  private pending: Buffer = Buffer.alloc(0);
  private text = '';

  constructor(private readonly line: (text: string) => void) {}

  push(chunk: Buffer): void {
    this.pending = this.pending.length ? Buffer.concat([this.pending, chunk]) : chunk;
    while (this.pending.length >= 8) {
      const size = this.pending.readUInt32BE(4);
      if (this.pending.length < 8 + size) return;
      this.add(this.pending.subarray(8, 8 + size).toString());
      this.pending = this.pending.subarray(8 + size);
    }
  }

  end(): void {
    if (this.text) this.line(this.text);
    this.text = '';
  }

  private add(text: string): void {
    const lines = (this.text + text).split('\n');
    this.text = lines.pop() ?? '';
    for (const whole of lines) this.line(whole.replace(/\r$/, ''));
  }
}
