/** Everything that `up` needs on a machine, without running any of it. Its own process, so that it can be measured. */
import { ConsoleReporter } from '../scripts/console/reporter';
import { providerTypes } from '../scripts/session/synth';
import { ensureAll } from '../scripts/toolchain/index';

const reporter = new ConsoleReporter();
await ensureAll(reporter, await providerTypes());
