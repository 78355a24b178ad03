/** `npm run bench [-- synth|router|up|setup]`: measures, prints ratios, asserts nothing. */
import { benchRouter } from './router';
import { benchSetup } from './setup';
import { benchSynth } from './synth';
import { benchUp } from './up';

const benches: Readonly<Record<string, () => Promise<void>>> = {
  synth: benchSynth,
  router: benchRouter,
  up: benchUp,
  setup: benchSetup,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`There is no bench "${unknown.join('", "')}"; there is: ${Object.keys(benches).join(', ')}\n`);
  process.exit(64);
}
process.stdout.write(`node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`);
// The cold set-up takes minutes and both cores, so it runs only when it is named.
for (const name of names.length > 0 ? names : ['synth', 'router', 'up']) await benches[name]!();
