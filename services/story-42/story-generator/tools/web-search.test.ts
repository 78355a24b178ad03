import { HttpClient } from '../../../common/http-client';
import { startHttpStandIn, type HttpStandIn } from '../../../common/test-support/http-stand-in';
import type { Turn } from '../agent/turn';
import { MAX_RESULTS, readInstantAnswer, readResultsPage, webSearch } from './web-search';

const BASE = 'https://html.duckduckgo.com';

const result = (url: string, title: string, snippet: string) => `
  <div class="result results_links results_links_deep web-result ">
    <div class="links_main links_deep result__body">
      <h2 class="result__title"><a rel="nofollow" class="result__a" href="${url}">${title}</a></h2>
      <div class="result__extras"><a class="result__url" href="${url}"> example.org/x </a></div>
      <a class="result__snippet" href="${url}">${snippet}</a>
    </div>
  </div>`;
const by = (url: string) => `//duckduckgo.com/l/?uddg=${encodeURIComponent(url)}&amp;rut=abc`;

describe('the results page', () => {
  test('title, address and snippet, with entities and marks read as text', () => {
    const html = result(
      by('https://example.org/a?x=1&y=2'),
      'Cats &amp; <b>dogs</b>',
      'About\n <b>cats</b> &#x27;n dogs',
    );
    expect(readResultsPage(html, BASE)).toEqual([
      { title: 'Cats & dogs', url: 'https://example.org/a?x=1&y=2', snippet: "About cats 'n dogs" },
    ]);
  });

  test('five at most, none of them an advertisement or a script', () => {
    const html = [
      result('https://duckduckgo.com/y.js?ad_domain=shop.example', 'Buy!', 'an advertisement'),
      result(by('https://duckduckgo.com/y.js?ad=1'), 'Buy!', 'another'),
      result(by('javascript:alert(1)'), 'Bad', 'bad'),
      ...Array.from({ length: 7 }, (_, i) => result(`https://example.org/${i}`, `T${i}`, `S${i}`)),
    ].join('');
    const results = readResultsPage(html, BASE);
    expect(results).toHaveLength(MAX_RESULTS);
    expect(results[0]).toEqual({ title: 'T0', url: 'https://example.org/0', snippet: 'S0' });
    expect(results[4]).toEqual({ title: 'T4', url: 'https://example.org/4', snippet: 'S4' });
  });

  test('what is missing or broken is left out', () => {
    expect(readResultsPage('<a class="result__a" href="https://example.org/">Alone', BASE)).toEqual([
      { title: 'Alone', url: 'https://example.org/', snippet: '' },
    ]);
    expect(readResultsPage('<a class="result__a">no link</a><p class="result__snippet">x</p>', BASE)).toEqual([]);
    expect(readResultsPage('', BASE)).toEqual([]);
  });
});

test('the instant-answer API: the abstract first, then topics; groups of topics are left out', () => {
  const answer = {
    Heading: 'Otter',
    AbstractText: 'A mammal.',
    AbstractURL: 'https://en.wikipedia.org/wiki/Otter',
    RelatedTopics: [
      { Text: 'Sea otter - Lives in the sea.', FirstURL: 'https://duckduckgo.com/Sea_otter' },
      { Name: 'Other uses', Topics: [] },
    ],
  };
  expect(readInstantAnswer(JSON.stringify(answer))).toEqual([
    { title: 'Otter', url: 'https://en.wikipedia.org/wiki/Otter', snippet: 'A mammal.' },
    { title: 'Sea otter', url: 'https://duckduckgo.com/Sea_otter', snippet: 'Lives in the sea.' },
  ]);
  expect(() => readInstantAnswer('oops')).toThrow('in a form that is not understood');
});

describe('the tool', () => {
  let engine: HttpStandIn;
  beforeEach(async () => {
    engine = await startHttpStandIn();
  });
  afterEach(() => engine.close());

  const run = (input: Record<string, unknown>) => {
    const client = new HttpClient({ baseUrl: engine.url, timeoutMilliseconds: 100, tries: 2, backoffMilliseconds: 1 });
    const tool = webSearch({ client, baseUrl: engine.url, userAgent: 'agent/1' }).bind({} as Turn);
    return tool.run(input as never, AbortSignal.timeout(2_000));
  };

  test('asks as a page without scripts does', async () => {
    engine.answer = () => ({
      headers: { 'content-type': 'text/html' },
      body: result('https://example.org/', 'T', 'S'),
    });
    expect(await run({ query: ' sea otters & kelp ' })).toEqual({
      query: 'sea otters & kelp',
      results: [{ title: 'T', url: 'https://example.org/', snippet: 'S' }],
    });
    expect(engine.calls[0]).toMatchObject({ method: 'GET', path: '/html/?q=sea+otters+%26+kelp' });
    expect(engine.calls[0]!.headers['user-agent']).toBe('agent/1');
  });

  test('no results are an answer, too', async () => {
    engine.answer = () => ({ body: '<div class="no-results">No results.</div>' });
    expect(await run({ query: 'qqq' })).toMatchObject({ results: [] });
  });

  test.each([
    ['a page that wants proof of a human', { status: 202, body: '<div class="anomaly-modal">' }, 'refuses searches'],
    ['a server error, tried twice', { status: 500 }, 'the search engine answered with HTTP 500'],
    ['a refusal', { status: 403 }, 'the search engine answered with HTTP 403'],
  ])('%s', async (_what, answer, message) => {
    engine.answer = () => answer;
    await expect(run({ query: 'x' })).rejects.toThrow(message);
    expect(engine.calls).toHaveLength(answer.status === 500 ? 2 : 1);
  });

  test('an engine that says nothing', async () => {
    engine.answer = () => 'hang';
    await expect(run({ query: 'x' })).rejects.toThrow('the search engine gave no answer in time');
  });

  test.each([[{}], [{ query: ' ' }], [{ query: 'x', more: 1 }]])('wrong input %j is told', async (input) => {
    await expect(run(input)).rejects.toMatchObject({ name: 'ToolError' });
    expect(engine.calls).toEqual([]);
  });
});
