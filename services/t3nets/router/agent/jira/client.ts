/** A small client of Jira's agile REST API: paging, time limits, retries. Reads only; knows one board's credentials. */
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { z } from 'zod';
import { IntegrationError } from '../errors';

export interface JiraCredentials {
  /** For example `https://example.atlassian.net`; a path is kept. */
  readonly baseUrl: string;
  readonly email: string;
  readonly apiToken: string;
}

export interface JiraOptions {
  readonly signal?: AbortSignal;
  /** @default 4000 */
  readonly requestMilliseconds?: number;
  /** @default 200 */
  readonly backoffMilliseconds?: number;
}

const PAGE = 50;
/** 1,000 issues: no sprint is larger, and a broken `isLast` must not keep us asking. */
const MAX_PAGES = 20;
const MAX_RESPONSE_BYTES = 4_000_000;
const TRIES = 3;
const RETRIED_STATUSES = new Set([429, 502, 503, 504]);

class TransientError extends Error {
  override readonly name = 'TransientError';
}

const sprintPage = z.object({
  isLast: z.boolean().optional(),
  values: z.array(
    z.object({
      id: z.number(),
      name: z.string(),
      state: z.string().optional(),
      startDate: z.string().optional(),
      endDate: z.string().optional(),
      goal: z.string().nullish(),
      originBoardId: z.number().optional(),
    }),
  ),
});

const issuePage = z.object({
  total: z.number().optional(),
  issues: z.array(z.object({ key: z.string(), fields: z.record(z.string(), z.unknown()) })),
});

const boardConfiguration = z.object({
  estimation: z.object({ field: z.object({ fieldId: z.string() }).optional() }).optional(),
});

export type JiraSprint = z.output<typeof sprintPage>['values'][number];
export type JiraIssue = z.output<typeof issuePage>['issues'][number];

export class JiraClient {
  readonly #base: string;
  readonly #authorization: string;
  readonly #options: JiraOptions;
  readonly #retry;

  constructor({ baseUrl, email, apiToken }: JiraCredentials, options: JiraOptions = {}) {
    this.#base = baseUrl.replace(/\/+$/, '');
    this.#authorization = `Basic ${Buffer.from(`${email}:${apiToken}`).toString('base64')}`;
    this.#options = options;
    this.#retry = retry(
      handleWhen((error) => error instanceof TransientError && !options.signal?.aborted),
      { maxAttempts: TRIES - 1, backoff: new ConstantBackoff(options.backoffMilliseconds ?? 200) },
    );
  }

  async activeSprints(boardId: string): Promise<readonly JiraSprint[]> {
    const sprints: JiraSprint[] = [];
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const query = { state: 'active', startAt: String(sprints.length), maxResults: String(PAGE) };
      const { values, isLast } = await this.#get(`board/${boardId}/sprint`, query, sprintPage, `board ${boardId}`);
      sprints.push(...values);
      if (isLast !== false || values.length === 0) break;
    }
    return sprints;
  }

  async sprintIssues(sprintId: number, fields: readonly string[]): Promise<readonly JiraIssue[]> {
    const issues: JiraIssue[] = [];
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const query = { startAt: String(issues.length), maxResults: String(PAGE), fields: fields.join(',') };
      const result = await this.#get(`sprint/${sprintId}/issue`, query, issuePage, `sprint ${sprintId}`);
      issues.push(...result.issues);
      if (result.issues.length === 0 || issues.length >= (result.total ?? 0)) break;
    }
    return issues;
  }

  /** The field in which the board keeps its estimates; undefined when it estimates by count or does not say. */
  async estimationField(boardId: string): Promise<string | undefined> {
    try {
      const path = `board/${boardId}/configuration`;
      const { estimation } = await this.#get(path, {}, boardConfiguration, `board ${boardId}`);
      return estimation?.field?.fieldId;
    } catch (error) {
      if (error instanceof JiraNotFoundError || error instanceof JiraRefusedError) return undefined;
      throw error;
    }
  }

  async #get<Schema extends z.ZodType>(
    path: string,
    query: Readonly<Record<string, string>>,
    schema: Schema,
    what: string,
  ): Promise<z.output<Schema>> {
    const url = `${this.#base}/rest/agile/1.0/${path}?${new URLSearchParams(query).toString()}`;
    let body: unknown;
    try {
      body = await this.#retry.execute(() => this.#request(url, what));
    } catch (error) {
      if (error instanceof TransientError) throw unavailable(error);
      throw error;
    }
    const result = schema.safeParse(body);
    if (!result.success) throw new IntegrationError('Jira answered in a form that is not understood', result.error);
    return result.data;
  }

  async #request(url: string, what: string): Promise<unknown> {
    const { signal, requestMilliseconds = 4_000 } = this.#options;
    const limit = AbortSignal.timeout(requestMilliseconds);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        headers: { authorization: this.#authorization, accept: 'application/json' },
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      text = await readLimited(response);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof IntegrationError) throw error;
      throw new TransientError(limit.aborted ? 'no answer in time' : 'connection failed', { cause: error });
    }
    if (response.ok) return parseJson(text);
    if (RETRIED_STATUSES.has(response.status)) throw new TransientError(`HTTP ${response.status}`);
    if (response.status === 401 || response.status === 403) throw new JiraRefusedError(response.status);
    if (response.status === 404) throw new JiraNotFoundError(what);
    throw new IntegrationError(`Jira answered with HTTP ${response.status}`);
  }
}

class JiraRefusedError extends IntegrationError {
  constructor(status: number) {
    super(`Jira refused the configured account (HTTP ${status}); its e-mail, token or rights need a look`);
  }
}

class JiraNotFoundError extends IntegrationError {
  constructor(what: string) {
    super(`Jira does not know ${what}, or the configured account may not see it`);
  }
}

const unavailable = (error: TransientError) =>
  new IntegrationError(`Jira could not be reached (${error.message}, ${TRIES} tries)`, error);

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_RESPONSE_BYTES) throw new IntegrationError(`Jira's answer exceeds ${MAX_RESPONSE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new IntegrationError('Jira answered with something other than JSON; is base_url right?', error);
  }
}
