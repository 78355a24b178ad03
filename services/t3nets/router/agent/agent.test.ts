import { setTimeout as delay } from 'node:timers/promises';
import { ModelError } from '../../../common/bedrock/errors';
import type { ModelRequest } from '../../../common/bedrock/types';
import { ScriptedAIProvider, type Script } from '../../../common/test-support/scripted-ai-provider';
import { Agent, ANONYMOUS } from './agent';
import { ForbiddenError, IntegrationError, NotFoundError } from './errors';
import { InMemoryConversationStore } from './in-memory/conversation-store';
import { InMemorySecretsProvider } from './in-memory/secrets-provider';
import { InMemoryTenantStore } from './in-memory/tenant-store';
import type { Skill, SkillHandler } from './skills';

const now = () => new Date('2026-02-21T10:00:00.000Z');
const one = { reasoning: 'big', conversation: 'big', formatting: 'big' };
const three = { reasoning: 'big', conversation: 'chatty', formatting: 'wordy' };
const call = (name = 'jira.sprint_status', id = 'c1') => ({ toolCalls: [{ id, name, input: {} }] });

const skill = (run: SkillHandler['run'], configured: SkillHandler['configured'] = () => true): Skill => ({
  name: 'jira.sprint_status',
  description: 'reads the sprint',
  integration: 'jira',
  parameters: { type: 'object' },
  handler: { configured, run },
});

async function setUp(
  script: Script,
  options: { skills?: Skill[]; models?: typeof one; toolMilliseconds?: number } = {},
) {
  const ai = new ScriptedAIProvider(script);
  const conversations = new InMemoryConversationStore(now);
  const tenants = new InMemoryTenantStore(now);
  const secrets = new InMemorySecretsProvider();
  const warnings: string[] = [];
  await tenants.putTenant({ tenantId: 'acme', name: 'Acme', status: 'active', settings: {}, customProperties: {} });
  await secrets.put('acme', 'jira', { token: 'sesame' });
  const log = { warn: (_fields: object, text: string) => void warnings.push(text) };
  const { skills = [skill(async () => ({ done: 13 }))], models = one, toolMilliseconds } = options;
  const agent = new Agent({ ai, conversations, tenants, secrets, skills, models, now, log, toolMilliseconds });
  const chat = (message: string, more: { userId?: string; tenantId?: string; signal?: AbortSignal } = {}) =>
    agent.chat({
      tenantId: 'acme',
      userId: 'una',
      sessionId: 's',
      signal: AbortSignal.timeout(5_000),
      message,
      ...more,
    });
  const load = () => conversations.load('acme', 'una', 's');
  return { ai, agent, chat, load, conversations, tenants, secrets, warnings };
}

const lastText = ({ messages }: ModelRequest) => JSON.stringify(messages.at(-1));

describe('tiers', () => {
  test('a question that needs a tool: called, read and answered', async () => {
    const { ai, chat, load } = await setUp([call(), { text: '13 done' }]);
    const answer = await chat('sprint?');
    expect(answer).toEqual({
      text: '13 done',
      modelId: 'big',
      toolsUsed: ['jira.sprint_status'],
      usage: { inputTokens: 20, outputTokens: 10 },
    });
    expect(ai.requests[0]!.tools!.map(({ name }) => name)).toEqual(['jira.sprint_status']);
    expect(ai.requests[1]!.messages.slice(-2)).toEqual([
      { role: 'assistant', content: [{ type: 'tool_call', id: 'c1', name: 'jira.sprint_status', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', id: 'c1', result: { done: 13 }, isError: false }] },
    ]);
    expect((await load())!.messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'sprint?'],
      ['assistant', '13 done'],
    ]);
  });

  test('three models: big calls the tool, wordy words the answer from results alone', async () => {
    const { ai, chat } = await setUp([call(), { text: 'draft' }, { text: 'worded' }], { models: three });
    expect(await chat('sprint?')).toMatchObject({
      text: 'worded',
      modelId: 'wordy',
      toolsUsed: ['jira.sprint_status'],
    });
    expect(ai.requests.map(({ modelId }) => modelId)).toEqual(['big', 'big', 'wordy']);
    expect(ai.requests[2]!.tools).toBeUndefined();
    expect(lastText(ai.requests[2]!)).toMatch(/sprint\?.*13.*draft/);
  });

  test('three models: when no tool is needed, chatty answers', async () => {
    const { ai, chat } = await setUp([{ text: 'NONE' }, { text: 'hello' }], { models: three });
    expect(await chat('hi')).toMatchObject({ text: 'hello', modelId: 'chatty', toolsUsed: [] });
    expect(ai.requests[0]!.system).toContain('single word NONE');
    expect(ai.requests[1]).toMatchObject({ modelId: 'chatty' });
    expect(ai.requests[1]!.tools).toBeUndefined();
  });

  test('no skill on offer: chatty at once', async () => {
    const { ai, chat } = await setUp([{ text: 'hello' }], { models: three, skills: [] });
    await chat('hi');
    expect(ai.requests.map(({ modelId }) => modelId)).toEqual(['chatty']);
  });

  test('one model for all: one call when no tool is needed', async () => {
    const { ai, chat } = await setUp([{ text: 'hello' }]);
    expect(await chat('hi')).toMatchObject({ text: 'hello', modelId: 'big' });
    expect(ai.requests).toHaveLength(1);
    expect(ai.requests[0]!.system).not.toContain('NONE');
  });
});

describe('tools', () => {
  test('at most five rounds, then the answer is worded from what there is', async () => {
    const { ai, chat } = await setUp((request) => (request.tools ? call() : { text: 'enough' }));
    expect(await chat('sprint?')).toMatchObject({ text: 'enough', toolsUsed: ['jira.sprint_status'] });
    expect(ai.requests.filter(({ tools }) => tools)).toHaveLength(5);
  });

  test.each<[string, Error, string]>([
    ['its own message', new IntegrationError('Jira is asleep'), 'Jira is asleep'],
    ['no inner details', new TypeError('x of undefined'), 'jira failed unexpectedly'],
  ])('a failure is told to the model with %s', async (_name, error, message) => {
    const failing = skill(async () => Promise.reject(error));
    const { ai, chat, warnings } = await setUp([call(), { text: 'sorry' }], { skills: [failing] });
    expect(await chat('sprint?')).toMatchObject({ text: 'sorry', toolsUsed: ['jira.sprint_status'] });
    const result = { type: 'tool_result', id: 'c1', result: { error: message }, isError: true };
    expect(ai.requests[1]!.messages.at(-1)!.content).toEqual([result]);
    expect(warnings).toEqual(['a skill failed']);
  });

  test('one that hangs is given up', async () => {
    const hanging = skill(() => new Promise(() => undefined));
    const { ai, chat } = await setUp([call(), { text: 'slow' }], { skills: [hanging], toolMilliseconds: 30 });
    await chat('sprint?');
    expect(lastText(ai.requests[1]!)).toContain('gave no answer within 0.03 seconds');
  });

  test('one that is not on offer is an error to the model and not a tool used', async () => {
    const { ai, chat } = await setUp([call('rm.rf'), { text: 'no' }]);
    // Without a result there is nothing to word; the model's own answer stands.
    expect(await chat('x')).toMatchObject({ text: 'no', toolsUsed: [] });
    expect(lastText(ai.requests[1]!)).toContain('there is no tool \\"rm.rf\\"');
  });

  test('the secret goes to the skill and to no model', async () => {
    let seen: unknown;
    const curious = skill(async ({ secret }) => {
      seen = secret;
      return null;
    });
    const { ai, chat } = await setUp([call(), { text: 'ok' }], { skills: [curious] });
    await chat('sprint?');
    expect(seen).toEqual({ token: 'sesame' });
    expect(JSON.stringify(ai.requests)).not.toContain('sesame');
  });

  test('not offered without a secret, with a placeholder, or when secrets cannot be read; the prompt says so', async () => {
    const { ai, chat, tenants } = await setUp([{ text: 'a' }]);
    await tenants.putTenant({ tenantId: 'bare', name: 'B', status: 'active', settings: {}, customProperties: {} });
    await chat('sprint?', { tenantId: 'bare' });
    expect(ai.requests[0]!.tools).toBeUndefined();
    expect(ai.requests[0]!.system).toContain('"Jira is not set up"');

    const placeholder = await setUp([{ text: 'b' }], {
      skills: [
        skill(
          async () => null,
          () => false,
        ),
      ],
    });
    await placeholder.chat('sprint?');
    expect(placeholder.ai.requests[0]!.system).toContain('"Jira is not set up"');

    const broken = await setUp([{ text: 'c' }]);
    broken.secrets.get = async () => Promise.reject(new Error('down'));
    await broken.chat('sprint?');
    expect(broken.ai.requests[0]!.system).toContain('Jira cannot be reached just now');
  });
});

describe('tenants and time', () => {
  test('an unknown tenant, a suspended one', async () => {
    const { chat, tenants } = await setUp([]);
    await expect(chat('x', { tenantId: 'nobody' })).rejects.toThrow(NotFoundError);
    await tenants.putTenant({ tenantId: 'acme', name: 'A', status: 'suspended', settings: {}, customProperties: {} });
    await expect(chat('x')).rejects.toThrow(ForbiddenError);
  });

  test('a model without words is an error, and nothing is stored', async () => {
    const { chat, load } = await setUp([{ text: ' ', stopReason: 'content_filtered' }]);
    await expect(chat('x')).rejects.toThrow(ModelError);
    expect(await load()).toBeUndefined();
  });

  test('an answer that comes too late is not stored', async () => {
    const { chat, load } = await setUp(async () => {
      await delay(40);
      return { text: 'late' };
    });
    await expect(chat('x', { signal: AbortSignal.timeout(10) })).rejects.toThrow();
    await delay(50);
    expect(await load()).toBeUndefined();
  });

  test('the second message sees the first', async () => {
    const { ai, chat } = await setUp([{ text: 'one' }, { text: 'two' }]);
    await chat('first');
    await chat('second');
    expect(JSON.stringify(ai.requests[1]!.messages)).toMatch(/first.*one.*second/);
  });
});

describe('memory', () => {
  async function longTalk(userId: string) {
    const script: Script = ({ system }) => ({ text: system.startsWith('Sum up') ? 'they spoke' : 'answer' });
    const all = await setUp(script);
    const old = Array.from({ length: 100 }, (_, index) => ({
      role: index % 2 ? ('assistant' as const) : ('user' as const),
      content: `m${index}`,
      at: now().toISOString(),
    }));
    await all.conversations.append('acme', userId, 's', old);
    return all;
  }

  test('above 100 messages the oldest are summed up into the user, once for a batch', async () => {
    const { ai, chat, tenants, load } = await longTalk('una');
    const answer = await chat('next');
    const user = await tenants.getUser('acme', 'una');
    expect(user!.memorySummaries).toEqual([{ sessionId: 's', summary: 'they spoke', at: now().toISOString() }]);
    expect(answer.usage).toEqual({ inputTokens: 20, outputTokens: 10 });
    expect((await load())!.messages).toHaveLength(100);
    await chat('and next');
    expect(ai.requests.filter(({ system }) => system.startsWith('Sum up'))).toHaveLength(1);
    expect(ai.requests.at(-1)!.system).toContain('they spoke');
  });

  test('nobody remembers the anonymous', async () => {
    const { chat, tenants } = await longTalk(ANONYMOUS);
    await chat('next', { userId: ANONYMOUS });
    expect(await tenants.getUser('acme', ANONYMOUS)).toBeUndefined();
  });

  test('a failed summary costs nothing but itself', async () => {
    const { chat, tenants, warnings } = await longTalk('una');
    tenants.addMemory = async () => Promise.reject(new Error('down'));
    expect(await chat('next')).toMatchObject({ text: 'answer' });
    expect(warnings).toEqual(['old messages could not be summed up']);
  });
});
