/** The reference says what the schemas say, and the files in docs/ are the newest. */
import { execa } from 'execa';
import { routes } from '../common/schemas';
import { agentApi, storyApi } from './apis';
import { markdown } from './markdown';
import { openApi } from './openapi';

const agent = openApi(agentApi, '1.2.3');
const document = openApi(storyApi, '1.2.3') as {
  paths: Record<string, Record<string, { responses: object; requestBody?: object; parameters?: { name: string }[] }>>;
};

it('has every route, with its method, its answers and what it takes', () => {
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(listed).toEqual(routes.map(({ method, path }) => `${method} ${path}`));
  const story = document.paths['/generate-story']!['post']!;
  expect(Object.keys(story.responses)).toEqual([
    '200',
    '202',
    '400',
    '401',
    '403',
    '404',
    '409',
    '429',
    '500',
    '502',
    '504',
  ]);
  expect(JSON.stringify(story.requestBody)).toContain(
    '"words_per_segment":{"default":150,"type":"integer","minimum":50,"maximum":400',
  );
  expect(document.paths['/sessions']!['get']!.parameters!.map(({ name }) => name)).toEqual(['limit', 'cursor']);
  expect(Object.keys(document.paths['/sessions/{session_id}']!['delete']!.responses)).toContain('204');
});

it('tells people the same', () => {
  const text = markdown(document as never, agent);
  for (const { method, path, summary } of routes) {
    expect(text).toContain(`## ${method} ${path}`);
    expect(text).toContain(summary);
  }
  expect(text).toContain('| `count` | 1 to 20 |  | `5` | How many ideas |');
  expect(text).toContain('At least one of `topic`, `outline`, `session_id` must be given.');
  for (const { method, path } of agentApi.routes) expect(text).toContain(`## ${method} ${path}`);
  expect(text).toContain('events `token` {text}');
  expect(text).toContain('© 2025 Tech42 Consulting');
});

it('is what stands in docs/story-42', async () => {
  const { exitCode, stderr } = await execa(
    'npx',
    ['--no-install', 'tsx', 'services/story-42/api-reference/main.ts', '--check'],
    {
      reject: false,
    },
  );
  expect(stderr.replace(/^npm warn.*\n?/gm, '')).toBe('');
  expect(exitCode).toBe(0);
});
