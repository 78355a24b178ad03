import { systemPrompt, wordingRequest } from './prompts';
import type { Tenant, User } from './types';

const tenant: Tenant = {
  tenantId: 'a',
  name: 'Acme',
  status: 'active',
  settings: {},
  customProperties: {},
  createdAt: '',
  updatedAt: '',
};
const user: User = {
  tenantId: 'a',
  userId: 'u',
  email: 'u@example.com',
  displayName: 'Una',
  role: 'member',
  preferences: { language: 'German' },
  customProperties: {},
  memorySummaries: [{ sessionId: 's', summary: 'likes figures', at: '2026-01-02T00:00:00.000Z' }],
};
const context = { tenant, user: undefined, missing: [], unreachable: [], today: '2026-02-21' };

test('names tenant and day, and nothing that is not there', () => {
  const prompt = systemPrompt(context);
  expect(prompt).toContain('assistant of Acme. Today is 2026-02-21.');
  expect(prompt).not.toMatch(/undefined|Settings|preferences|earlier/);
});

test('carries settings, instructions, preferences and memories', () => {
  const settings = { instructions: 'Speak of locks.', tone: 'dry' };
  const prompt = systemPrompt({ ...context, tenant: { ...tenant, settings }, user });
  expect(prompt).toContain('\nSpeak of locks.\n');
  expect(prompt).toContain('Settings (JSON): {"tone":"dry"}');
  expect(prompt).toContain('The user is called Una.');
  expect(prompt).toContain('{"language":"German"}');
  expect(prompt).toContain('- (2026-01-02) likes figures');
  expect(prompt).not.toContain('u@example.com');
});

test('says which integrations are missing or out of reach', () => {
  const prompt = systemPrompt({ ...context, missing: ['jira'], unreachable: ['github'] });
  expect(prompt).toContain('say "Jira is not set up"');
  expect(prompt).toContain('Github cannot be reached just now');
});

test('a wording request holds question, results, failures and the draft if any', () => {
  const runs = [
    { name: 'x.y', result: { n: 1 }, isError: false },
    { name: 'z', result: { error: 'no' }, isError: true },
  ];
  expect(wordingRequest('how many?', runs, ' ')).toBe(
    'Question: how many?\nTool results:\n- x.y: {"n":1}\n- z (failed): {"error":"no"}',
  );
  expect(wordingRequest('q', [], 'one')).toMatch(/\nDraft: one$/);
});
