/**
 * `npm run bench [-- synth|functions|router|up|setup] [system]`: measures, prints ratios, asserts nothing. The system is for
 * `up`; without one it is each system in turn.
 */
import { systemNames, type SystemName } from '../environments/index';
import { benchFunctions } from './functions';
import { benchRouter } from './router';
import { benchSetup } from './setup';
import { benchSynth } from './synth';
import { benchUp } from './up';

const given = process.argv.slice(2);
const isSystem = (name: string): name is SystemName => (systemNames as readonly string[]).includes(name);
const chosen = given.filter(isSystem);

const benches: Readonly<Record<string, () => Promise<void>>> = {
  synth: benchSynth,
  functions: benchFunctions,
  router: benchRouter,
  up: async () => {
    for (const system of chosen.length > 0 ? chosen : systemNames) await benchUp(system);
  },
  setup: benchSetup,
};

const names = given.filter((name) => !isSystem(name));
const unknown = names.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  const known = [...Object.keys(benches), ...systemNames].join(', ');
  process.stderr.write(`There is no bench or system "${unknown.join('", "')}"; there is: ${known}\n`);
  process.exit(64);
}
process.stdout.write(`node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`);
// The cold set-up takes minutes and both cores, so it runs only when it is named.
for (const name of names.length > 0 ? names : ['synth', 'functions', 'router', 'up']) await benches[name]!();
