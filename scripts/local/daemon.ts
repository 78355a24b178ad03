/** Entry of the background process: `tsx scripts/local/daemon.ts`. Started by the client, never by hand. */
import { Control } from './control';
import { places } from './places';

const control = new Control(places());

const stop = (): void => {
  control.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('SIGHUP', () => undefined);
process.on('uncaughtException', (error) => console.error(new Date().toISOString(), 'uncaught', error));
process.on('unhandledRejection', (error) => console.error(new Date().toISOString(), 'unhandled', error));

control.listen().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
