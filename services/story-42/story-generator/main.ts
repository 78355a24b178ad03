/** Entry of the agent's container: reads the environment, listens, and on SIGTERM finishes what is under way. */
import { createLogger, errorFields, type Logger } from '../../common/logger';
import { versionOf } from '../common/version';
import { parseAgentEnvironment } from './environment';
import { createStoryAgent, SERVICE, type StoryAgent } from './server';

/** An image built without a release label has an empty one. */
const version = versionOf(process.env.RELEASE || undefined);

async function main(): Promise<void> {
  const environment = parseAgentEnvironment(process.env);
  const logger = createLogger({ service: SERVICE, version, level: environment.LOG_LEVEL });
  const agent = createStoryAgent({ environment, version, logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(agent, logger, signal));
  const port = await agent.listen();
  logger.info({ port }, 'listening');
}

async function stop(agent: StoryAgent, logger: Logger, signal: string): Promise<void> {
  logger.info({ signal, under_way: agent.underWay() }, 'draining');
  const abandoned = await agent.stop();
  logger.info({ abandoned }, 'stopped');
  process.exit(0);
}

main().catch((error: unknown) => {
  const logger = createLogger({ service: SERVICE, version, level: 'info' });
  logger.fatal(errorFields(error), 'cannot start');
  process.exit(1);
});
