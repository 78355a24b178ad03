/** Entry of the router's container: reads the environment, listens, and on SIGTERM finishes what is under way. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createLogger, errorFields, type Logger } from '../../common/logger';
import { createRouter, type Router } from './adapters/aws/server';
import { loadSkills } from './agent/skills';
import { parseRouterEnvironment } from './environment';

/** Put in by the bundler. */
declare const __VERSION__: string | undefined;
const version = typeof __VERSION__ === 'string' ? __VERSION__ : 'dev';

/** Beside this file, bundled or not; `import.meta` is not there in every form of bundle. */
const home = dirname(realpathSync(process.argv[1]!));

async function main(): Promise<void> {
  const environment = parseRouterEnvironment(process.env);
  const logger = createLogger({ service: 'router', version, level: environment.LOG_LEVEL });
  const skills = loadSkills(join(home, 'agent', 'skills'));
  const router = createRouter({ environment, version, skills, logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(router, logger, signal));
  const port = await router.listen();
  logger.info({ port, skills: skills.map(({ name }) => name) }, 'listening');
}

async function stop({ drainer }: Router, logger: Logger, signal: string): Promise<void> {
  logger.info({ signal, under_way: drainer.underWay }, 'draining');
  const { abandoned } = await drainer.drain();
  logger.info({ abandoned }, 'stopped');
  process.exit(0);
}

main().catch((error: unknown) => {
  const logger = createLogger({ service: 'router', version, level: 'info' });
  logger.fatal(errorFields(error), 'cannot start');
  process.exit(1);
});
