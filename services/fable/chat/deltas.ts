/** Passes text on in order, a frame at a time: what comes while one is on its way goes with the next. */
import { deltaFrames, type Frame } from '../common/frames';

export class Deltas {
  readonly #send: (frame: Frame) => Promise<unknown>;
  readonly #conversationId: string;
  #pending = '';
  #sending: Promise<void> | undefined;
  #failure: unknown;

  constructor(send: (frame: Frame) => Promise<unknown>, conversationId: string) {
    this.#send = send;
    this.#conversationId = conversationId;
  }

  add(text: string): void {
    this.#pending += text;
    this.#sending ??= this.#run().catch((error: unknown) => {
      this.#failure ??= error;
    });
  }

  /** Once everything is sent. @throws what sending failed with */
  async flushed(): Promise<void> {
    await this.#sending;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #run(): Promise<void> {
    try {
      while (this.#pending !== '') {
        const text = this.#pending;
        this.#pending = '';
        for (const frame of deltaFrames(this.#conversationId, text)) await this.#send(frame);
      }
    } finally {
      this.#sending = undefined;
    }
  }
}
