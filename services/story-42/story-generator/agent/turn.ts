/** One message of one caller in one session, as the tools see it: whose it is, and which story they have touched. */
import type { Caller } from '../http/identity';
import { newSession } from '../../common/session';
import type { SessionStore } from '../../common/session-store';

export interface TurnOptions {
  readonly caller: Caller;
  /** Of the conversation; its story, once there is one, has the same. */
  readonly sessionId: string;
  readonly hasStory: boolean;
  readonly sessions: Pick<SessionStore, 'create' | 'now'>;
}

export class Turn {
  readonly caller: Caller;
  readonly sessionId: string;
  readonly #sessions: TurnOptions['sessions'];
  #story: Promise<unknown> | undefined;
  #changed: string | undefined;

  constructor({ caller, sessionId, hasStory, sessions }: TurnOptions) {
    this.caller = caller;
    this.sessionId = sessionId;
    this.#sessions = sessions;
    this.#story = hasStory ? Promise.resolve() : undefined;
  }

  get owner(): string {
    return this.caller.principal.sub;
  }

  /** The session whose story was made or changed last. */
  get changed(): string | undefined {
    return this.#changed;
  }

  hasChanged(sessionId: string): void {
    this.#changed = sessionId;
  }

  /** A conversation becomes a story's session with the first thing that needs one, and so is not listed before. */
  async ensureStory(): Promise<string> {
    this.#story ??= this.#sessions.create(
      newSession({ sessionId: this.sessionId, ownerSub: this.owner }, this.#sessions.now()),
    );
    try {
      await this.#story;
    } catch (error) {
      this.#story = undefined;
      throw error;
    }
    return this.sessionId;
  }
}
