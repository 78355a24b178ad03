/** Runs the health checks of containers where the engine does not: Podman leaves that to systemd timers, which a local cloud
 * cannot count on. Afterwards the engine's own inspection tells each container's health. */
import type { Engine } from './engine';

interface Inspection {
  Config?: { Healthcheck?: { Test?: string[]; Interval?: number } };
  State?: { Running?: boolean; Health?: { Status?: string } };
}

export class ContainerChecks {
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(private readonly engine: Engine) {}

  /** Called after a container was started. */
  watch(container: string): void {
    if (this.engine.kind === 'podman') void this.begin(container);
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private async begin(container: string): Promise<void> {
    const found = await this.inspect(container);
    const check = found?.Config?.Healthcheck;
    if (!check?.Test?.length || check.Test[0] === 'NONE') return;
    this.later(container, 700, (check.Interval ?? 30e9) / 1e6);
  }

  private later(container: string, wait: number, interval: number): void {
    clearTimeout(this.timers.get(container));
    const timer = setTimeout(() => void this.round(container, interval), wait);
    timer.unref();
    this.timers.set(container, timer);
  }

  private async round(container: string, interval: number): Promise<void> {
    const answer = await this.engine
      .call('GET', `/v4.0.0/libpod/containers/${container}/healthcheck`)
      .catch(() => undefined);
    const found = await this.inspect(container);
    if (!this.timers.has(container)) return;
    if (!answer || answer.status === 404 || !found?.State?.Running) {
      this.timers.delete(container);
      return;
    }
    // Until the first good answer it is asked more often, so that a rollout need not wait for a whole interval.
    const healthy = found.State.Health?.Status === 'healthy';
    this.later(container, healthy ? interval : Math.min(interval, 3000), interval);
  }

  private async inspect(container: string): Promise<Inspection | undefined> {
    return this.engine.json<Inspection>('GET', `/containers/${container}/json`).catch(() => undefined);
  }
}
