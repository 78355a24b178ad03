/** Which function answers which route: plain data, free of imports, so that the stack can build its API from it. */

export const storyServices = ['story-text-regen', 'story-image-regen', 'data-ops'] as const;
export type StoryService = (typeof storyServices)[number];

export interface StoryRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: `/${string}`;
  readonly service: StoryService;
  /** What a direct invocation calls it. */
  readonly action: string;
}

export const storyRoutes = [
  { method: 'POST', path: '/generate-topics-ideas', service: 'story-text-regen', action: 'generate-topics-ideas' },
  { method: 'POST', path: '/generate-story-outline', service: 'story-text-regen', action: 'generate-story-outline' },
  { method: 'POST', path: '/generate-story', service: 'story-text-regen', action: 'generate-story' },
  { method: 'POST', path: '/regenerate-segment', service: 'story-text-regen', action: 'regenerate-segment' },
  { method: 'POST', path: '/generate-story-image', service: 'story-image-regen', action: 'generate-story-image' },
  {
    method: 'POST',
    path: '/regenerate-segment-image',
    service: 'story-image-regen',
    action: 'regenerate-segment-image',
  },
  { method: 'GET', path: '/sessions', service: 'data-ops', action: 'list-sessions' },
  { method: 'GET', path: '/sessions/{session_id}', service: 'data-ops', action: 'get-session' },
  { method: 'PUT', path: '/sessions/{session_id}', service: 'data-ops', action: 'put-session' },
  { method: 'DELETE', path: '/sessions/{session_id}', service: 'data-ops', action: 'delete-session' },
] as const satisfies readonly StoryRoute[];

export type StoryAction = (typeof storyRoutes)[number]['action'];

/** The six that may take longer than the API waits: they accept `"async": true`. */
export const longActions = [
  'generate-topics-ideas',
  'generate-story-outline',
  'generate-story',
  'regenerate-segment',
  'generate-story-image',
  'regenerate-segment-image',
] as const satisfies readonly StoryAction[];

export type LongAction = (typeof longActions)[number];
