/** Everything that `up` needs on a machine, without running any of it. Its own process, so that it can be measured. */
import { ConsoleReporter } from '../scripts/console/reporter';
import { providerTypes } from '../scripts/session/synth';
import { ensureContainers, ensureEmulator, ensureMoto, ensureTerraform } from '../scripts/toolchain/index';

const reporter = new ConsoleReporter();
await ensureTerraform(reporter, await providerTypes());
await ensureEmulator(reporter);
await ensureMoto(reporter);
await ensureContainers(reporter);
