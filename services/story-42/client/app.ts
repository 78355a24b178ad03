/** What the views share. */
import type { Agent } from './agent';
import type { StoryApi } from './api';
import type { PageConfig } from './config';
import type { Identity } from './identity';

export interface View {
  readonly element: HTMLElement;
  /** For the window's title. */
  readonly title: string;
  /** Ends what the view has running. */
  stop?(): void;
}

export interface App {
  readonly config: PageConfig;
  readonly identity: Identity;
  readonly api: StoryApi;
  /** Absent where the deployment has none. */
  readonly agent: Agent | undefined;
  /** The story that is open: what the agent is asked about. */
  story: { readonly sessionId: string; readonly title: string; readonly reload: () => void } | undefined;
  go(path: string): void;
}

export const storyPath = (sessionId: string): string => `#/stories/${encodeURIComponent(sessionId)}`;
