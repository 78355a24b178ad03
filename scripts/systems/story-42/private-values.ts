/**
 * Values that must not stand in the repository: from the shell, else from the environment's git-ignored file, else, in a
 * rehearsal, from a file that a rehearsal keeps for itself. They go to AWS's APIs only: no log, no state, no image.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseEnv } from 'node:util';
import { UsageError } from '../../console/errors';
import { repositoryRoot, sluiceHome } from '../../session/folders';
import type { Session } from '../../session/session';

/** What the private file and the shell may set. */
const given = [
  'STORY42_ADMIN_TEMP_PASSWORD',
  'STORY42_ADMIN_PASSWORD',
  'STORY42_GOOGLE_API_KEY',
  'STORY42_TTS_API_KEY',
] as const;
export type PrivateValue = (typeof given)[number];

/** Where a rehearsal keeps the passwords that it draws itself. */
type KeptValue = 'STORY42_ADMIN_TEMP_PASSWORD' | 'STORY42_ADMIN_PASSWORD';

export interface PrivatePlace {
  readonly environment: string;
  readonly target: Session['target'];
  /** @default - the repository's root */
  readonly root?: string;
  /** @default - the rehearsal's home */
  readonly home?: string;
  /** @default - the shell's variables */
  readonly env?: NodeJS.ProcessEnv;
}

/** What the example and the documentation show; nothing of it is a value. */
const PLACEHOLDER = /^(your-|<|REPLACE|CHANGE[-_ ]?ME|\.\.\.)/i;
/** Stands in the documentation, so everybody knows it. Good enough where nobody else can reach the pool. */
const KNOWN_PASSWORD = 'TempPassword123!';

export class PrivateValues {
  readonly #place: Required<PrivatePlace>;
  readonly #fromFile: Readonly<Record<string, string | undefined>>;

  constructor(place: PrivatePlace) {
    this.#place = { root: repositoryRoot, home: sluiceHome(), env: process.env, ...place };
    this.#fromFile = readPrivateFile(this.file);
  }

  /** The private file of the environment, which git ignores. */
  get file(): string {
    return join(this.#place.root, 'environments', 'story-42', `${this.#place.environment}.secrets.env`);
  }

  /** The rehearsal's own file, mode 0600. */
  get keptFile(): string {
    return join(this.#place.home, 'secrets', `story-42-${this.#place.environment}.env`);
  }

  /** The private file as people write it. */
  get fileName(): string {
    return relative(this.#place.root, this.file);
  }

  /** What the operator gave, or undefined. A placeholder is a mistake, not a value. */
  get(name: PrivateValue): string | undefined {
    const fromShell = this.#place.env[name];
    const value = fromShell !== undefined && fromShell !== '' ? fromShell : this.#fromFile[name];
    if (value === undefined || value === '') return undefined;
    const source = value === fromShell ? 'the shell' : this.fileName;
    if (PLACEHOLDER.test(value)) {
      throw new UsageError(
        `${name} in ${source} is the placeholder of an example.`,
        'Give the real value, or take the line out.',
      );
    }
    if (value !== value.trim() || /[\r\n]/.test(value)) {
      throw new UsageError(`${name} in ${source} has spaces or line ends around it.`, 'Give the value alone.');
    }
    if (this.#place.target === 'aws' && value === KNOWN_PASSWORD) {
      throw new UsageError(
        `${name} in ${source} is the password of the documentation, which everybody knows.`,
        'Choose another one: at least 8 characters with upper and lower case, a digit and a symbol.',
      );
    }
    return value;
  }

  /** What a rehearsal wrote down; nothing on AWS. */
  kept(name: KeptValue): string | undefined {
    return this.#place.target === 'local' ? readEnvFile(this.keptFile)[name] : undefined;
  }

  /** Writes a password down for the next command of the same rehearsal. */
  keep(name: KeptValue, value: string | undefined): void {
    if (this.#place.target !== 'local') throw new Error('passwords are written down in a rehearsal only');
    const { [name]: _old, ...others } = readEnvFile(this.keptFile);
    const entries = Object.entries({ ...others, ...(value === undefined ? {} : { [name]: value }) });
    mkdirSync(dirname(this.keptFile), { recursive: true, mode: 0o700 });
    writeFileSync(this.keptFile, entries.map(([key, text]) => `${key}=${quoted(text ?? '')}\n`).join(''), {
      mode: 0o600,
    });
    chmodSync(this.keptFile, 0o600);
  }

  forget(): void {
    rmSync(this.keptFile, { force: true });
  }
}

export function privateValues({ environment, target }: Pick<Session, 'environment' | 'target'>): PrivateValues {
  return new PrivateValues({ environment, target });
}

/** 18 random bytes, and one of each kind of character that the pool's rule asks for. */
export function drawPassword(): string {
  return `${randomBytes(18).toString('base64url')}-Aa1`;
}

function readPrivateFile(path: string): Record<string, string | undefined> {
  const values = readEnvFile(path);
  const unknown = Object.keys(values).filter((name) => !(given as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`${path} sets ${unknown.join(', ')}; allowed: ${given.join(', ')}`);
  }
  if (existsSync(path) && process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new UsageError(`${path} can be read by other users of this machine.`, `chmod 600 ${path}`);
  }
  return values;
}

function readEnvFile(path: string): Record<string, string | undefined> {
  return existsSync(path) ? (parseEnv(readFileSync(path, 'utf8')) as Record<string, string | undefined>) : {};
}

/** As `parseEnv` reads it back, whichever signs a given password has. */
function quoted(value: string): string {
  const mark = ["'", '`', '"'].find((sign) => !value.includes(sign));
  if (mark === undefined) throw new UsageError('A password may not have all three kinds of quotation marks.');
  return `${mark}${value}${mark}`;
}
