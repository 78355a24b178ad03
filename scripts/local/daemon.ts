/** Entry of the background process: `tsx scripts/local/daemon.ts`. Started by the client, never by hand. */
import { Control } from './control';
import { log } from './log';
import { places } from './places';

const control = new Control(places());

const stop = (): void => {
  control.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      log(error);
      process.exit(1);
    },
  );
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('SIGHUP', () => undefined);
process.on('uncaughtException', log);
process.on('unhandledRejection', log);

control.listen().catch((error: unknown) => {
  log(error);
  process.exit(1);
});
