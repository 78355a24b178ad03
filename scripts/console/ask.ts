/** Consent before something that cannot be taken back. Without a terminal nobody is asked: `--yes` or a refusal. */
import { createInterface } from 'node:readline/promises';
import { UsageError } from './errors';

export interface Consent {
  /** What will happen, in one sentence. */
  readonly question: string;
  /** The word to type; `yes` where nothing more particular fits. */
  readonly word: string;
  readonly yes: boolean;
}

export async function requireConsent({ question, word, yes }: Consent): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(
      `${question}\nThere is no terminal to ask on.`,
      'Run it again with --yes if that is what you want.',
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question}\nType ${word} to go on: `);
    if (answer.trim() !== word) throw new UsageError('Nothing was changed.');
  } finally {
    terminal.close();
  }
}
