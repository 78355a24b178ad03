/** What an action of a function looks like to the adapter that calls it. */
import type { Principal } from './principal';
import type { StoryAction } from './routes';
import type { FailedImage, Session } from './schemas';

export interface ActionCall<Input> {
  readonly input: Input;
  readonly principal: Principal;
  /** The session that the input names, or that of the job; undefined when a new one is to be made. */
  readonly session: Session | undefined;
  readonly requestId: string;
  /** Aborted when the time is up; its reason is what the caller is told. Nothing may be saved after that. */
  readonly signal: AbortSignal;
  readonly deadline: Date;
  /** Whether it runs in the background, where there is time to wait. */
  readonly job: boolean;
}

/** A success body without its version; `session_id` goes into the log. */
export interface ActionResult {
  readonly session_id?: string;
  readonly failed?: readonly FailedImage[];
  readonly [name: string]: unknown;
}

export interface Action<Input> {
  /** Whether the session of the input is read (and its owner checked) before anything else. @default true */
  readonly loadsSession?: boolean;
  /** Refuses what cannot work, before a job is started. */
  check?(call: ActionCall<Input>): void;
  /** Undefined answers 204. */
  run(call: ActionCall<Input>): Promise<ActionResult | undefined>;
}

/** Inputs have been validated by the schemas of their actions. */
export type Actions = Partial<Record<StoryAction, Action<never>>>;
