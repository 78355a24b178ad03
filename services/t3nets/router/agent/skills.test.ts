import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSkills, skillHandlers, type SkillHandler } from './skills';

const handler: SkillHandler = { configured: () => true, run: async () => null };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skills-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string) => writeFileSync(join(folder, name), text);
const good = (name: string) =>
  `name: ${name}\ndescription: Reads something of some use to somebody.\nintegration: jira\nparameters: { type: object }\n`;

test('every skill of the router is described and has code', () => {
  const skills = loadSkills(join(dirname(fileURLToPath(import.meta.url)), 'skills'));
  expect(skills.map(({ name }) => name).sort()).toEqual(Object.keys(skillHandlers).sort());
  expect(skills[0]).toMatchObject({ name: 'jira.sprint_status', integration: 'jira', parameters: { type: 'object' } });
});

test('reads YAML files only, and ties them to their handlers', () => {
  file('a.yaml', good('a.b'));
  file('notes.txt', 'not a skill');
  expect(loadSkills(folder, { 'a.b': handler })).toEqual([
    {
      name: 'a.b',
      description: 'Reads something of some use to somebody.',
      integration: 'jira',
      parameters: { type: 'object' },
      handler,
    },
  ]);
});

test('tells every problem at once', () => {
  file('a.yaml', good('a.b'));
  file('b.yaml', good('a.b'));
  file('c.yaml', good('constructor'));
  file('d.yaml', good('Bad Name').replace('parameters', 'params'));
  file('e.yaml', 'name: [');
  const load = () => loadSkills(folder, { 'a.b': handler });
  expect(load).toThrow(/b\.yaml: skill "a\.b" is described twice/);
  expect(load).toThrow(/c\.yaml: no code is registered for skill "constructor"/);
  expect(load).toThrow(/d\.yaml: name: must be words joined by dots/);
  expect(load).toThrow(/e\.yaml: /);
});

test('code without a description is a problem too', () => {
  expect(() => loadSkills(folder, { 'a.b': handler })).toThrow('- a.b: registered, but described by no file');
});
