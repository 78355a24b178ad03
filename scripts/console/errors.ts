/** Errors that an operator can mend. Anything else that reaches the top of the program is a bug of ours and shows its stack. */

export interface UserErrorOptions {
  /** What to do next, one or more lines. */
  readonly remedy?: string;
  /** @default 1 */
  readonly exitCode?: 1 | 64;
  readonly cause?: unknown;
}

export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly remedy: string | undefined;
  readonly exitCode: 1 | 64;

  constructor(message: string, options: UserErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Bad arguments or bad configuration: exit code 64, and nothing was written. */
export class UsageError extends UserError {
  override readonly name = 'UsageError';

  constructor(message: string, remedy?: string) {
    super(message, { remedy, exitCode: 64 });
  }
}
