import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { requireConsent } from '../console/ask';
import { UsageError } from '../console/errors';
import { functionName, invoke } from '../flow/functions';
import { connect } from '../session/connect';
import type { GlobalOptions } from '../session/session';
import { environmentCommand, identity } from './define';

interface Options extends GlobalOptions {
  readonly payload?: string;
  readonly file?: string;
  readonly async?: boolean;
}

export function registerInvoke(program: Command): void {
  environmentCommand<Options>(program, {
    name: 'invoke',
    summary: 'call a function by hand: its answer on stdout, the end of its log on stderr; exit code 1 when it failed',
    args: ['<function>'],
    configure: (command) =>
      command
        .option('--payload <json>', 'what the function gets; {} without it')
        .option('--file <path>', 'a file with the payload; - is the standard input')
        .option('--async', 'do not wait for the answer'),
    help: `For example: ./sluice invoke story-42 dev data-ops --payload '{"action":"list-sessions","body":{},"principal":{"sub":"<user>","groups":["author"]}}'`,
    async run(session, options, [given]) {
      const name = functionName(session, given!);
      const payload = readPayload(options);
      const connection = await connect(session);
      if (session.target === 'aws') {
        await requireConsent({
          question: `This runs ${name} in AWS account ${session.account}; it may write.`,
          word: session.environment,
          yes: session.yes,
        });
      }
      const result = await session.reporter.step(`invoke ${name}`, () =>
        invoke(session, connection, { function: name, payload, async: options.async === true }),
      );
      result.log.forEach((line) => session.reporter.info(`  ${line}`));
      if (result.error !== undefined) {
        session.reporter.warn(`${name} failed: ${result.error}`);
        process.exitCode = 1;
      }
      if (!session.json) {
        const text =
          result.answer === undefined ? `accepted (${result.status})` : JSON.stringify(result.answer, undefined, 2);
        process.stdout.write(`${text}\n`);
      }
      return { ...identity(session), function: name, ...result };
    },
  });
}

function readPayload({ payload, file }: Options): string {
  if (payload !== undefined && file !== undefined) throw new UsageError('Give --payload or --file, not both.');
  const text = file === undefined ? (payload ?? '{}') : readText(file);
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new UsageError(`${file === undefined ? '--payload' : file} is not JSON: ${(error as Error).message}`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}
