/** What a rehearsal sets otherwise than the repository says. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineSystems, systemNames } from './index';
import { overriddenNames, readOverrides } from './rehearsal';
import { ConfigurationError } from './schema';

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'sluice-test-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

const settings = (value: unknown): void =>
  writeFileSync(join(home, 'settings.json'), typeof value === 'string' ? value : JSON.stringify(value));
const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message.replaceAll(home, '<home>');
  }
  throw new Error('nothing was thrown');
};

it('changes the settings that it names, in the environment that it names', () => {
  settings({ 'story-42': { dev: { ecsEnabled: false, googleApiBaseUrl: 'http://host.docker.internal:1234' } } });
  const { environments } = defineSystems({ target: 'local', home })['story-42'];
  expect(environments.dev).toMatchObject({ ecsEnabled: false, googleApiBaseUrl: 'http://host.docker.internal:1234' });
  expect(environments.staging.ecsEnabled).toBe(true);
  expect(environments.dev.project).toBe('story-42-west');
  const overrides = readOverrides({ target: 'local', home }, systemNames);
  expect(overriddenNames(overrides, 'story-42', 'dev')).toEqual(['ecsEnabled', 'googleApiBaseUrl']);
  expect(overriddenNames(overrides, 't3nets', 'dev')).toEqual([]);
});

it('reaches the names of repositories', () => {
  settings({ t3nets: { dev: { project: 'mine' } } });
  const { services } = defineSystems({ target: 'local', home }).t3nets;
  expect([services['router']!.repository('dev'), services['router']!.repository('prod')]).toEqual([
    'mine-dev-router',
    't3nets-prod-router',
  ]);
});

it('never reaches AWS, and needs no file', () => {
  expect(defineSystems({ target: 'local', home })['story-42'].environments.dev.ecsEnabled).toBe(true);
  settings({ 'story-42': { dev: { ecsEnabled: false } } });
  expect(defineSystems({ target: 'aws', home })['story-42'].environments.dev.ecsEnabled).toBe(true);
  mkdirSync(join(home, 'other'));
  expect(readOverrides({ target: 'local', home: join(home, 'other') }, systemNames)).toEqual({});
});

it('is checked by the same schema, and says in which file the mistake is', () => {
  settings({ 'story-42': { dev: { ecsEnabled: 'no', colour: 'red' } } });
  expect(
    messageOf(() => defineSystems({ target: 'local', home })['story-42'].environments)
      .split('\n')
      .sort(),
  ).toEqual([
    '- dev.colour is unknown; remove it or correct its name',
    '- dev.ecsEnabled is "no"; allowed: a value of type boolean',
    '<home>/settings.json: 2 problems',
  ]);
});

it.each([
  ['{', 'is not JSON'],
  [{ 'story-43': {} }, `"story-43" is unknown; there is: ${systemNames.join(', ')}`],
  [{ t3nets: { live: {} } }, 't3nets'],
])('refuses %j', (value, problem) => {
  settings(value);
  const message = messageOf(() => defineSystems({ target: 'local', home }).t3nets.environments);
  expect(message).toContain(problem);
  expect(message).toContain('Correct the file or delete it');
});
