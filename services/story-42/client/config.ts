/** What the page has to know about its deployment: /config.json, which the deployment writes from the stack's outputs. */
import { Problem } from './problem';

export interface PageConfig {
  readonly region: string;
  /** Base URL of the story API, stage included. */
  readonly apiUrl: string;
  readonly userPoolId: string;
  readonly clientId: string;
  /** Where Cognito's user pool API answers. */
  readonly cognitoUrl: string;
  /** Where the agent answers; without one there is no chat and no speech. */
  readonly agentUrl?: string | null;
  readonly version: string;
}

const required = ['region', 'apiUrl', 'userPoolId', 'clientId', 'cognitoUrl', 'version'] as const;

export async function loadConfig(): Promise<PageConfig> {
  const remedy = 'Run the deployment again; it writes this file from the outputs of the stack.';
  let value: unknown;
  try {
    const response = await fetch('/config.json', { cache: 'no-cache' });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    value = await response.json();
  } catch (cause) {
    throw new Problem({
      title: 'The page has no usable configuration.',
      detail: `/config.json cannot be read: ${(cause as Error).message}`,
      advice: remedy,
      cause,
    });
  }
  return checkConfig(value, remedy);
}

export function checkConfig(value: unknown, remedy = ''): PageConfig {
  const config = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const missing = required.filter((name) => typeof config[name] !== 'string' || config[name] === '');
  if (missing.length > 0)
    throw new Problem({
      title: 'The page has no usable configuration.',
      detail: `/config.json lacks ${missing.join(', ')}.`,
      advice: remedy,
    });
  const bare = (url: unknown) => (url as string).replace(/\/+$/, '');
  return {
    ...(config as unknown as PageConfig),
    apiUrl: bare(config['apiUrl']),
    agentUrl: typeof config['agentUrl'] === 'string' && config['agentUrl'] !== '' ? bare(config['agentUrl']) : null,
  };
}
