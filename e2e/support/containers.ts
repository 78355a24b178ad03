/** A look at the real containers of a sandbox, past every emulator: straight at the container engine. */
import { execa } from 'execa';
import { silentReporter } from '../../scripts/console/reporter';
import { places } from '../../scripts/local/places';
import { ensureContainers } from '../../scripts/toolchain/index';

/** What the engine says of each container of one environment, such as `Up 2 minutes (healthy)`. */
export async function containerStates(home: string, environment: string): Promise<string[]> {
  const engine = await ensureContainers(silentReporter);
  const labels = [`label=sluice.home=${places({ SLUICE_HOME: home }).id}`, `label=sluice.environment=${environment}`];
  const { stdout } = await execa(
    engine.kind,
    ['ps', ...labels.flatMap((label) => ['--filter', label]), '--format', '{{.Status}}'],
    { env: engine.env },
  );
  return stdout.split('\n').filter((line) => line !== '');
}
