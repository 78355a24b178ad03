/** What people read leads somewhere, and says of Story-42's settings what the settings are. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { story42Values, type Story42Settings } from '../../environments/story-42';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** As GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

it.each(documents)('%s has links that lead somewhere', (path) => {
  const text = read(path).replace(/^```[\s\S]*?^```/gm, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^[a-z]+:/.test(link));
  const dead = links.filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : relative(root, resolve(root, dirname(path), file));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !(statSync(join(root, target)).isFile() && anchorsOf(read(target)).includes(anchor));
  });
  expect(dead).toEqual([]);
});

describe("Story-42's settings", () => {
  const named: Record<keyof Story42Settings, true> = {
    project: true,
    region: true,
    stateBackend: true,
    protected: true,
    tags: true,
    availabilityZones: true,
    cidrBlock: true,
    adminEmail: true,
    modelId: true,
    imageModelId: true,
    googleApiBaseUrl: true,
    ttsApiBaseUrl: true,
    searchBaseUrl: true,
    domainName: true,
    hostedZoneId: true,
    ecsEnabled: true,
    ecsDesiredCount: true,
    autoscaling: true,
    imageExpiryDays: true,
    logRetentionDays: true,
    pointInTimeRecovery: true,
    deletionProtection: true,
    forceDelete: true,
    secretRecoveryDays: true,
    throttling: true,
  };
  const rows = read('docs/story-42/README.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );

  const words = (value: unknown): string => {
    if (value === undefined) return '';
    if (Array.isArray(value)) return value.join(', ');
    if (typeof value !== 'object') return String(value);
    return Object.entries(value as object)
      .map(([name, part]) => `${name} ${String(part)}`)
      .join(', ');
  };

  it.each(Object.keys(named))('%s is explained, with its values', (name) => {
    const [, ...cells] = rows.find(([first]) => first === name) ?? [];
    const values = Object.values(story42Values).map((value) => words((value as Record<string, unknown>)[name]));
    expect(cells.at(-1)).toMatch(/\w/);
    expect(cells.slice(0, -1)).toEqual(cells.length === 2 ? [...new Set(values)] : values);
  });
});
