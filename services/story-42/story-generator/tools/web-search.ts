/**
 * DuckDuckGo's results page without scripts (`<base>/html/?q=`): it has no API for web results. The page is read by its
 * anchors alone, and whatever is missing is left out. A base whose host is DuckDuckGo's instant-answer API works, too.
 */
import { Parser } from 'htmlparser2';
import { z } from 'zod';
import { ToolError } from '../../../common/bedrock/errors';
import type { HttpClient } from '../../../common/http-client';
import { defineTool } from './tool';

export const MAX_RESULTS = 5;
export const SEARCH_MILLISECONDS = 10_000;
const SNIPPET_CHARACTERS = 500;

export interface SearchResult {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
}

export interface WebSearchOptions {
  readonly client: HttpClient;
  readonly baseUrl: string;
  /** Sent as `user-agent`: who we are, honestly. */
  readonly userAgent: string;
}

export const webSearch = (options: WebSearchOptions) =>
  defineTool({
    name: 'web_search',
    description: `Searches the web with DuckDuckGo and gives at most ${MAX_RESULTS} results with title, url and snippet. For facts, places, names and customs that a story should get right.`,
    owner: 'the search engine',
    timeoutMilliseconds: SEARCH_MILLISECONDS,
    input: z.strictObject({ query: z.string().trim().min(1).max(400).describe('What to look for, a few words') }),
    run: async ({ query }, { signal }) => ({ query, results: await search(options, query, signal) }),
  });

async function search(
  { client, baseUrl, userAgent }: WebSearchOptions,
  query: string,
  signal: AbortSignal,
): Promise<readonly SearchResult[]> {
  const instant = new URL(baseUrl).hostname.startsWith('api.');
  const { status, headers, bytes } = await client.request(instant ? '/' : '/html/', {
    query: instant ? { q: query, format: 'json', no_html: '1', skip_disambig: '1' } : { q: query },
    headers: { 'user-agent': userAgent, accept: instant ? 'application/json' : 'text/html' },
    signal,
  });
  const text = bytes.toString('utf8');
  if (/\bjson\b|javascript/.test(headers.get('content-type') ?? '')) return readInstantAnswer(text);
  const results = readResultsPage(text, baseUrl);
  // A page that asks for proof of being human has no results and, usually, status 202.
  if (results.length === 0 && (status === 202 || /anomaly/i.test(text))) {
    throw new ToolError('the search engine refuses searches for now');
  }
  return results;
}

/** Advertisements lead to DuckDuckGo's own pages and are left out. */
export function readResultsPage(html: string, baseUrl: string): readonly SearchResult[] {
  const results: { title: string; url: string; snippet: string }[] = [];
  let field: 'title' | 'snippet' | undefined;
  let depth = 0;
  let skipped = false;
  const parser = new Parser({
    onopentag(_name, { class: classes = '', href }) {
      if (field) {
        depth += 1;
        return;
      }
      const names = classes.split(/\s+/);
      if (names.includes('result__a') && href !== undefined) {
        const url = targetOf(href, baseUrl);
        skipped = url === undefined || results.length === MAX_RESULTS;
        if (url === undefined || skipped) return;
        results.push({ title: '', url, snippet: '' });
        field = 'title';
      } else if (names.includes('result__snippet') && results.length > 0 && !skipped) field = 'snippet';
    },
    ontext(text) {
      const last = results.at(-1);
      if (field && last) last[field] += text;
    },
    onclosetag() {
      if (!field) return;
      if (depth === 0) field = undefined;
      else depth -= 1;
    },
  });
  parser.end(html);
  return results.map(({ title, url, snippet }) => ({ title: plain(title), url, snippet: plain(snippet) }));
}

/** Results are linked by way of `/l/?uddg=<address>`. */
function targetOf(href: string, baseUrl: string): string | undefined {
  if (!URL.canParse(href, baseUrl)) return undefined;
  const link = new URL(href, baseUrl);
  const target = link.searchParams.get('uddg') ?? link.href;
  if (!URL.canParse(target)) return undefined;
  const url = new URL(target);
  const ours = new URL(baseUrl).hostname;
  const advertisement = url.hostname === ours || /(^|\.)duckduckgo\.com$/.test(url.hostname);
  return /^https?:$/.test(url.protocol) && !advertisement ? url.href : undefined;
}

const topic = z.object({ Text: z.string(), FirstURL: z.url() });
const instantAnswer = z.object({
  Heading: z.string().catch(''),
  AbstractText: z.string().catch(''),
  AbstractURL: z.string().catch(''),
  Results: z.array(z.unknown()).catch([]),
  RelatedTopics: z.array(z.unknown()).catch([]),
});

export function readInstantAnswer(text: string): readonly SearchResult[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const answer = instantAnswer.safeParse(value);
  if (!answer.success) throw new ToolError('the search engine answered in a form that is not understood');
  const { Heading, AbstractText, AbstractURL, Results, RelatedTopics } = answer.data;
  const results: SearchResult[] =
    AbstractText === '' ? [] : [{ title: plain(Heading), url: AbstractURL, snippet: plain(AbstractText) }];
  for (const candidate of [...Results, ...RelatedTopics]) {
    const found = topic.safeParse(candidate);
    if (!found.success) continue;
    const [title = '', ...rest] = found.data.Text.split(' - ');
    results.push({ title: plain(title), url: found.data.FirstURL, snippet: plain(rest.join(' - ')) });
  }
  return results.slice(0, MAX_RESULTS);
}

const plain = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > SNIPPET_CHARACTERS ? `${line.slice(0, SNIPPET_CHARACTERS - 1)}…` : line;
};
