import type { Command } from 'commander';
import { UsageError } from '../console/errors';
import type { BuildOptions } from '../images/index';
import { buildAndPush, buildImages, readImagesStatus } from '../flow/images';
import { withCommandLock } from '../flow/command-lock';
import { requireConsent } from '../console/ask';
import { connect } from '../session/connect';
import type { GlobalOptions } from '../session/session';
import { environmentCommand, identity } from './define';

interface Options extends GlobalOptions {
  readonly base?: string;
  readonly service?: string[];
  readonly buildArg?: string[];
}

const buildOptions = (command: Command): Command =>
  command
    .option('--base <image>', 'base image, whatever the Dockerfiles say; by digest where the bytes must be the same')
    .option('--service <name...>', 'these services alone')
    .option('--build-arg <name=value...>', 'arguments of the Dockerfile; they are part of the content hash');

function parseOptions({ base, service, buildArg = [] }: Options): BuildOptions {
  const buildArgs = buildArg.map((text): [string, string] => {
    const [, name, value] = /^(\w+)=([\s\S]*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError(`--build-arg is "${text}"; allowed: name=value`);
    }
    return [name, value];
  });
  return { base, services: service, buildArgs: Object.fromEntries(buildArgs) };
}

export function registerImages(program: Command): void {
  const images = program.command('images').description('build, push and look at the images of an environment');

  environmentCommand<Options>(images, {
    name: 'build',
    summary: 'build what changed, by content hash; nothing is pushed',
    configure: buildOptions,
    async run(session, options) {
      const built = await buildImages(session, parseOptions(options));
      if (!session.json)
        for (const { service, digest, reused } of built)
          process.stdout.write(`${service} ${digest}${reused ? ' (known)' : ''}\n`);
      return { ...identity(session), built };
    },
  });

  environmentCommand<Options>(images, {
    name: 'push',
    summary: 'build and push what changed, then write the digests into the lock',
    configure: buildOptions,
    run: (session, options) =>
      withCommandLock(session.stackName, 'images push', async () => {
        const connection = await connect(session);
        if (session.target === 'aws') {
          await requireConsent({
            question: `This pushes images of ${session.system.name} to the registry of AWS account ${session.account}.`,
            word: session.environment,
            yes: session.yes,
          });
        }
        const { lock, changed, services } = await buildAndPush(session, connection, parseOptions(options));
        if (!session.json)
          for (const [service, { digest, skipped }] of Object.entries(services))
            process.stdout.write(`${service} ${digest}${skipped ? ' (already there)' : ''}\n`);
        return { ...identity(session), lock, changed, services };
      }),
  });

  environmentCommand(images, {
    name: 'status',
    summary: 'what the lock names, whether the registry has it, and whether the gate is open',
    async run(session) {
      const status = await readImagesStatus(session, await connect(session));
      if (!session.json) {
        process.stdout.write(`lock ${status.lock}\n`);
        for (const [name, { digest, inRegistry, stale, commit, builtAt }] of Object.entries(status.services)) {
          const facts =
            digest === null
              ? 'no image yet'
              : `${digest} ${inRegistry ? 'in the registry' : 'NOT in the registry'}, commit ${commit}, built ${builtAt}${stale ? ', the code has changed since' : ''}`;
          process.stdout.write(`${name}: ${facts}\n`);
        }
        process.stdout.write(`gate ${status.ready ? 'open' : 'closed'}\n`);
      }
      const { lock, services, ready } = status;
      return { lock, services, ready };
    },
  });
}
